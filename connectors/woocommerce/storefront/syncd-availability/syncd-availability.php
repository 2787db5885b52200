<?php
/**
 * Plugin Name:          Syncd Availability
 * Description:          Tells the buyer what a stock number means: in stock, on the way, at the supplier, on pre-order. The texts come from syncd.
 * Version:              0.1.0
 * Requires at least:    6.5
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 8.2
 * WC tested up to:      10.5
 * Author:               The syncd maintainers
 * License:              GPL-2.0-or-later
 * License URI:          https://www.gnu.org/licenses/old-licenses/gpl-2.0.html
 * Text Domain:          syncd-availability
 *
 * Copyright (C) 2026 the syncd maintainers
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the
 * implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more
 * details.
 *
 * syncd writes four metadata keys to a product or a variation: _syncd_status, _syncd_text, _syncd_lead_time_days and
 * _syncd_expected_on. This file only reads them: it has no settings, writes nothing, and calls nobody. Where they are
 * missing, or WooCommerce enforces something else than they say, the shop looks as it did without this plugin.
 */

namespace SyncdAvailability;

defined( 'ABSPATH' ) || exit;

/** What search engines are told of each status, the best for a buyer first (schema.org ItemAvailability). */
const SCHEMA = array(
	'in_stock'           => 'InStock',
	'external_warehouse' => 'InStock',
	'on_the_way'         => 'BackOrder',
	'supplier'           => 'BackOrder',
	'pre_order'          => 'PreOrder',
	'out_of_stock'       => 'OutOfStock',
);

add_action( 'init', __NAMESPACE__ . '\\load_translations' );
add_action( 'before_woocommerce_init', __NAMESPACE__ . '\\declare_compatibility' );

add_filter( 'woocommerce_get_availability_text', __NAMESPACE__ . '\\availability_text', 20, 2 );
add_filter( 'woocommerce_get_stock_html', __NAMESPACE__ . '\\stock_html', 20, 2 );
add_filter( 'render_block_woocommerce/product-stock-indicator', __NAMESPACE__ . '\\stock_block', 20, 3 );
add_filter( 'woocommerce_get_item_data', __NAMESPACE__ . '\\cart_item_data', 20, 2 );
add_filter( 'woocommerce_structured_data_product_offer', __NAMESPACE__ . '\\structured_offer', 20, 2 );

function load_translations() {
	load_plugin_textdomain( 'syncd-availability', false, dirname( plugin_basename( __FILE__ ) ) . '/languages' );
}

/** Orders are not touched, and the cart is shown by a filter that its blocks know too. */
function declare_compatibility() {
	if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__, true );
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', __FILE__, true );
	}
}

/**
 * What syncd says of a product or variation, or null where it says nothing that holds.
 *
 * Where a product counts the stock of its variations, it is the product that syncd writes to. A status that WooCommerce
 * contradicts does not hold: the shop has sold the last unit since, or somebody has typed another number. A day that has
 * gone by in the shop's time zone is told no more, also where syncd does not run: WooCommerce's own words stand in that
 * promise no day, since "in stock" would promise still more.
 *
 * @param mixed $product A WC_Product.
 * @return array|null status, text (plain, may be empty), day (YYYY-MM-DD or empty).
 */
function notice( $product ) {
	if ( ! $product instanceof \WC_Product || ! $product->managing_stock() ) {
		return null;
	}
	$counted_by = (int) $product->get_stock_managed_by_id();
	$counting   = (int) $product->get_id() === $counted_by ? $product : wc_get_product( $counted_by );
	if ( ! $counting instanceof \WC_Product ) {
		return null;
	}
	$status = meta( $counting, '_syncd_status' );
	if ( ! isset( SCHEMA[ $status ] ) || ( 'out_of_stock' === $status ) === (bool) $product->is_in_stock() ) {
		return null;
	}
	$day    = meta( $counting, '_syncd_expected_on' );
	$day    = preg_match( '/^\d{4}-\d{2}-\d{2}$/D', $day ) ? $day : '';
	$passed = '' !== $day && $day < wp_date( 'Y-m-d' );
	return array(
		'status' => $status,
		'text'   => $passed ? __( 'Available on backorder', 'woocommerce' ) : meta( $counting, '_syncd_text' ),
		'day'    => $passed ? '' : $day,
	);
}

/** Metadata as text; anything else than text counts as missing. */
function meta( $product, $key ) {
	$value = $product->get_meta( $key );
	return is_string( $value ) ? trim( $value ) : '';
}

/**
 * The availability text of WooCommerce, wherever it comes from: classic templates, the data of variations, blocks. They
 * all print it as HTML, so that it is escaped here.
 */
function availability_text( $text, $product ) {
	$notice = notice( $product );
	if ( null === $notice || '' === $notice['text'] ) {
		return $text;
	}
	spoken_for( (int) $product->get_parent_id(), true );
	return esc_html( $notice['text'] );
}

/** Whether a text was given in this request for a variation of the product with this id; `$remember` that it was. */
function spoken_for( $product_id, $remember = false ) {
	static $ids = array();
	if ( $remember ) {
		$ids[ $product_id ] = true;
	}
	return isset( $ids[ $product_id ] );
}

/** The element around the text in classic templates, also in the data of variations. */
function stock_html( $html, $product ) {
	$notice = notice( $product );
	return null === $notice || '' === $notice['text'] ? $html : marked( $html, $notice['status'] );
}

/** The element around the text in block themes. That of a variable product shows the variation that is chosen. */
function stock_block( $html, $block, $instance = null ) {
	$shown = isset( $instance->context['postId'] ) ? wc_get_product( $instance->context['postId'] ) : null;
	if ( ! $shown instanceof \WC_Product ) {
		$shown = isset( $GLOBALS['product'] ) ? $GLOBALS['product'] : null;
	}
	if ( ! $shown instanceof \WC_Product ) {
		return $html;
	}
	$notice = notice( $shown );
	if ( null === $notice && spoken_for( (int) $shown->get_id() ) ) {
		return marked( $html, '' );
	}
	return stock_html( $html, $shown );
}

/** The same HTML, its first element with a class for the status, and with its own direction: Hebrew reads right. */
function marked( $html, $status ) {
	$tags = new \WP_HTML_Tag_Processor( (string) $html );
	if ( ! $tags->next_tag() ) {
		return $html;
	}
	$tags->set_attribute( 'dir', 'auto' );
	$tags->add_class( 'syncd-availability' );
	if ( '' !== $status ) {
		$tags->add_class( 'syncd-availability--' . str_replace( '_', '-', $status ) );
	}
	return $tags->get_updated_html();
}

/**
 * A row below the product in cart and checkout: classic ones, and by the Store API their blocks, which take away some
 * HTML or all of it, or decode it once more (the mini-cart of WooCommerce 10). So no character of the text could begin
 * an element, and it has its own direction by two invisible characters (first strong isolate, pop).
 */
function cart_item_data( $rows, $cart_item ) {
	$notice = is_array( $cart_item ) && isset( $cart_item['data'] ) ? notice( $cart_item['data'] ) : null;
	if ( ! is_array( $rows ) || null === $notice || '' === $notice['text'] ) {
		return $rows;
	}
	$text   = strtr( $notice['text'], array( '<' => '‹', '>' => '›' ) );
	$rows[] = array(
		'key'   => esc_html__( 'Availability', 'syncd-availability' ),
		'value' => "\u{2068}" . esc_html( $text ) . "\u{2069}",
	);
	return $rows;
}

/** What search engines are told. WooCommerce makes one offer of a product, also where it has variations. */
function structured_offer( $offer, $product ) {
	$notice = notice( $product );
	if ( null === $notice && $product instanceof \WC_Product && $product->is_type( 'variable' ) ) {
		$notice = best_of_variations( $product );
	}
	if ( ! is_array( $offer ) || null === $notice ) {
		return $offer;
	}
	$offer['availability'] = 'https://schema.org/' . SCHEMA[ $notice['status'] ];
	if ( 'pre_order' === $notice['status'] && '' !== $notice['day'] ) {
		$offer['availabilityStarts'] = $notice['day'];
	}
	return $offer;
}

/** The best that can be said of the variations that are for sale; null where syncd does not know one of them. */
function best_of_variations( $product ) {
	$order = array_keys( SCHEMA );
	$best  = null;
	foreach ( $product->get_children() as $id ) {
		$variation = wc_get_product( $id );
		if ( ! $variation instanceof \WC_Product || ! $variation->is_in_stock() ) {
			continue;
		}
		$notice = notice( $variation );
		if ( null === $notice ) {
			return null;
		}
		$place = array( array_search( $notice['status'], $order, true ), $notice['day'] );
		if ( null === $best || $place < array( array_search( $best['status'], $order, true ), $best['day'] ) ) {
			$best = $notice;
		}
	}
	return $best;
}
