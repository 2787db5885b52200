<?php
/** Tests of the plugin: php availability_test.php PLUGIN_FILE. Prints each that fails; ends with 1 if one did. */

error_reporting( E_ALL );
set_error_handler(
	function ( $number, $message, $file, $line ) {
		throw new ErrorException( $message, 0, $number, $file, $line ); // a warning fails too
	}
);
set_exception_handler(
	function ( $error ) {
		echo 'FAILED: ', $error->getMessage(), "\n";
		exit( 1 );
	}
);
require __DIR__ . '/wordpress.php';
require __DIR__ . '/features_util.php';
require $argv[1];

$tests  = 0;
$failed = 0;

function same( $wanted, $found, $what ) {
	++$GLOBALS['tests'];
	if ( $wanted !== $found ) {
		++$GLOBALS['failed'];
		echo "FAILED: $what\n  wanted: ", var_export( $wanted, true ), "\n  found:  ", var_export( $found, true ), "\n";
	}
}

function said( $status, $text, $day = null ) {
	$meta = array( '_syncd_status' => $status, '_syncd_text' => $text );
	return null === $day ? $meta : $meta + array( '_syncd_expected_on' => $day );
}

/** All that a shop shows of a product. */
function everything( $product ) {
	return array( stock_html( $product ), stock_block( $product ), cart_rows( $product ), offer_of( $product ) );
}

function untouched( $product, $what ) {
	$kept    = $GLOBALS['filters'];
	$with    = everything( $product );
	$GLOBALS['filters'] = array();
	$without = everything( $product );
	$GLOBALS['filters'] = $kept;
	same( $without, $with, $what );
}

$next = 100;
$schema = array(
	'in_stock'           => 'InStock',
	'external_warehouse' => 'InStock',
	'on_the_way'         => 'BackOrder',
	'supplier'           => 'BackOrder',
	'pre_order'          => 'PreOrder',
	'out_of_stock'       => 'OutOfStock',
);

// Each status: on the page, in the block, in the cart, for search engines.
foreach ( $schema as $status => $availability ) {
	$product = new WC_Product( ++$next, said( $status, "Text of $status" ), 'out_of_stock' === $status ? 0 : 5 );
	$woo     = 'out_of_stock' === $status ? 'out-of-stock' : 'in-stock';
	$class   = 'syncd-availability--' . str_replace( '_', '-', $status ) . ' syncd-availability';
	same( "<p dir=\"auto\" class=\"$class stock $woo\">Text of $status</p>", stock_html( $product ), "$status, classic" );
	same(
		"<div dir=\"auto\" class=\"$class wc-block-components-product-stock-indicator--$woo\">Text of $status</div>",
		stock_block( $product ),
		"$status, block"
	);
	same(
		array( array( 'key' => 'Availability', 'value' => "\u{2068}Text of $status\u{2069}" ) ),
		cart_rows( $product ),
		"$status, cart"
	);
	same( "https://schema.org/$availability", offer_of( $product )['availability'], "$status, schema.org" );
}

// A text is text: nothing in it becomes HTML, on no way; Hebrew has its own direction.
$evil = new WC_Product( ++$next, said( 'in_stock', '<script>alert("1")</script> & \'x\'' ) );
$safe = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#039;x&#039;';
same( true, strpos( stock_html( $evil ), ">$safe<" ) !== false, 'a text is escaped on the page' );
same( $safe, $evil->get_availability()['availability'], 'a text is escaped where blocks put it into the page' );
$twice = '‹script›alert(&quot;1&quot;)‹/script› &amp; &#039;x&#039;';
same( "\u{2068}$twice\u{2069}", cart_rows( $evil )[0]['value'], 'a text is escaped in the cart, also where it is decoded again' );
$hebrew = new WC_Product( ++$next, said( 'supplier', 'זמן אספקה: 7 ימים' ) );
same( 1, preg_match( '/^<p dir="auto" [^>]*>זמן אספקה: 7 ימים<\/p>$/', stock_html( $hebrew ) ), 'Hebrew arrives whole' );

// Variations: their own, or that of the product that counts for them.
$shirt           = new WC_Product( 1, array(), 9 );
$shirt->type     = 'variable';
$shirt->managing = false;
$shirt->children = array( 2, 3 );
$small           = new WC_Product( 2, said( 'in_stock', 'Ready to ship' ) );
$large           = new WC_Product( 3, said( 'on_the_way', 'On the way', '2026-12-12' ) );
$small->parent_id = $large->parent_id = 1;
same( true, strpos( stock_html( $large ), 'syncd-availability--on-the-way' ) !== false, 'a variation has its own text' );
same( "\u{2068}On the way\u{2069}", cart_rows( $large )[0]['value'], 'a variation in the cart' );
same( 1, preg_match( '/^<div dir="auto" class="syncd-availability wc-/', stock_block( $shirt ) ), 'the block that changes with the choice' );
same( 'https://schema.org/InStock', offer_of( $shirt )['availability'], 'a product is offered as its best variation' );
$small->units = 0;
$small->meta  = said( 'out_of_stock', 'Gone' );
same( 'https://schema.org/BackOrder', offer_of( $shirt )['availability'], 'a sold out variation is not the best' );
$large->meta = said( 'pre_order', 'Later', '2026-12-24' );
$huge        = new WC_Product( 4, said( 'pre_order', 'Soon', '2026-12-12' ) );
$shirt->children[] = 4;
same( '2026-12-12', offer_of( $shirt )['availabilityStarts'], 'of two pre-orders the earlier' );
$huge->meta = array();
same( 'https://schema.org/WooCommerce', offer_of( $shirt )['availability'], 'an unknown variation: WooCommerce knows better' );

$parent           = new WC_Product( 11, said( 'supplier', 'In 7 days' ) );
$parent->type     = 'variable';
$child            = new WC_Product( 12, said( 'in_stock', 'of old' ) );
$child->parent_id = 11;
$child->managing  = 'parent';
same( true, strpos( stock_html( $child ), '>In 7 days<' ) !== false, 'the product speaks for the variations that it counts' );
same( 'https://schema.org/BackOrder', offer_of( $parent )['availability'], 'and for itself' );
unset( $products[11] );
untouched( $child, 'a variation whose product is gone' );

// Pre-orders with a day; other statuses have none.
$pre = new WC_Product( ++$next, said( 'pre_order', 'From 24 December', '2026-12-24' ) );
same( '2026-12-24', offer_of( $pre )['availabilityStarts'], 'a pre-order with its day' );
foreach ( array( "2026-12-24\n<b>", 'tomorrow', '24.12.2026', '' ) as $day ) {
	$pre->meta['_syncd_expected_on'] = $day;
	same( trim( $day ) === '2026-12-24', isset( offer_of( $pre )['availabilityStarts'] ), "no day: $day" );
}
same( false, isset( offer_of( $large->units ? new WC_Product( ++$next, said( 'on_the_way', 'x', '2026-12-24' ) ) : null )['availabilityStarts'] ), 'only a pre-order starts' );

// A day that has gone by is told no more, though nobody has written another text: syncd may not run.
$late = new WC_Product( ++$next, said( 'on_the_way', 'Expected on 4 December', '2026-12-04' ) );
foreach ( array( '2026-12-04' => true, '2026-12-05' => false ) as $today => $holds ) {
	$words = $holds ? 'Expected on 4 December' : 'Available on backorder (woocommerce)';
	same( true, strpos( stock_html( $late ), ">$words<" ) !== false, "on $today, classic" );
	same( true, strpos( stock_block( $late ), ">$words<" ) !== false, "on $today, block" );
	same( "\u{2068}$words\u{2069}", cart_rows( $late )[0]['value'], "on $today, cart" );
	same( 'https://schema.org/BackOrder', offer_of( $late )['availability'], "on $today: not in stock" );
}
$pre->meta['_syncd_expected_on'] = '2026-12-04';
same( false, isset( offer_of( $pre )['availabilityStarts'] ), 'a first day that has gone by' );
$today = '2026-12-01';

// Nothing where nothing holds.
untouched( new WC_Product( ++$next ), 'no metadata' );
untouched( new WC_Product( ++$next, said( 'sold', 'A status of tomorrow' ) ), 'a status that is not known' );
untouched( new WC_Product( ++$next, said( array( 'in_stock' ), 'x' ) ), 'a status that is no text' );
untouched( new WC_Product( ++$next, said( 'in_stock', 'In stock' ), 0 ), 'sold out since' );
untouched( new WC_Product( ++$next, said( 'on_the_way', 'On the way' ), -2 ), 'oversold since' );
untouched( new WC_Product( ++$next, said( 'out_of_stock', 'Gone' ), 3 ), 'filled up since' );
$uncounted           = new WC_Product( ++$next, said( 'in_stock', 'In stock' ) );
$uncounted->managing = false;
untouched( $uncounted, 'a product that is not counted' );
$wordless = new WC_Product( ++$next, said( 'supplier', '  ' ) );
same( '<p class="stock in-stock">5 in stock</p>', stock_html( $wordless ), 'no text: that of WooCommerce' );
same( array(), cart_rows( $wordless ), 'no text: no row in the cart' );
same( 'https://schema.org/BackOrder', offer_of( $wordless )['availability'], 'no text: search engines are told all the same' );
$unlimited            = new WC_Product( ++$next, said( 'pre_order', 'From May' ), 0 );
$unlimited->backorder = true;
same( true, strpos( stock_html( $unlimited ), '>From May<' ) !== false, 'sold below 0 on purpose' );

// Other plugins give strange things.
unset( $product );
foreach ( array( null, false, 'x', new stdClass() ) as $strange ) {
	same( 'kept', apply_filters( 'woocommerce_get_availability_text', 'kept', $strange ), 'no product, text' );
	same( '<p>', apply_filters( 'woocommerce_get_stock_html', '<p>', $strange ), 'no product, HTML' );
	same( array( 1 ), apply_filters( 'woocommerce_get_item_data', array( 1 ), $strange ), 'no cart item' );
	same( array( 2 ), apply_filters( 'woocommerce_structured_data_product_offer', array( 2 ), $strange ), 'no product, offer' );
	same( '<div>', apply_filters( 'render_block_woocommerce/product-stock-indicator', '<div>', array(), $strange ), 'no block' );
}
$known = new WC_Product( ++$next, said( 'in_stock', 'In stock' ) );
same( '', apply_filters( 'woocommerce_get_stock_html', '', $known ), 'an element that a theme leaves out' );
same( null, cart_rows( $known, null ), 'rows that are none' );
same( 2, count( cart_rows( $known, array( array( 'key' => 'Size', 'value' => 'S' ) ) ) ), 'rows of others stay' );
$GLOBALS['product'] = $known;
$known->get_availability();
same(
	true,
	strpos( apply_filters( 'render_block_woocommerce/product-stock-indicator', '<div class="a">', array() ), 'dir="auto"' ) !== false,
	'a block without a context is about the product of the page'
);

// Words of its own, and what it declares.
foreach ( glob( dirname( $argv[1] ) . '/languages/*.l10n.php' ) as $file ) {
	$words     = include $file;
	$translate = $words['messages'];
	same( 'syncd-availability-' . $words['language'] . '.l10n.php', basename( $file ), "the name of $file" );
	same( $translate['Availability'], cart_rows( $known )[0]['key'], 'the label of ' . $words['language'] );
}
same( 4, count( glob( dirname( $argv[1] ) . '/languages/*.l10n.php' ) ), 'languages beside English' );
apply_filters( 'init', null );
same( array( 'syncd-availability' => 'syncd-availability/languages' ), $languages, 'where its words are' );
apply_filters( 'before_woocommerce_init', null );
same( array( 'custom_order_tables' => true, 'cart_checkout_blocks' => true ), $declared, 'what it is compatible with' );

echo "$tests checks, $failed failed\n";
exit( $failed ? 1 : 0 );
