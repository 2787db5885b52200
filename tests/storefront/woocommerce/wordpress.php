<?php
/** The little of WordPress and WooCommerce that the plugin meets, written anew for its tests. */

define( 'ABSPATH', __DIR__ );

$filters   = array();
$products  = array();
$declared  = array();
$languages = array();
$translate = array();
$today     = '2026-12-01';

function add_filter( $hook, $callback, $priority = 10, $accepted = 1 ) {
	$GLOBALS['filters'][ $hook ][] = array( $callback, $accepted );
}

function add_action( $hook, $callback, $priority = 10, $accepted = 1 ) {
	add_filter( $hook, $callback, $priority, $accepted );
}

function apply_filters( $hook, $value, ...$more ) {
	foreach ( $GLOBALS['filters'][ $hook ] ?? array() as list( $callback, $accepted ) ) {
		$value = $callback( ...array_slice( array( $value, ...$more ), 0, $accepted ) );
	}
	return $value;
}

function esc_html( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES, 'UTF-8', false );
}

function esc_html__( $text, $domain ) {
	return esc_html( 'syncd-availability' === $domain ? ( $GLOBALS['translate'][ $text ] ?? $text ) : "wrong domain $domain" );
}

/** WooCommerce's own words, as it has translated them. */
function __( $text, $domain ) {
	return "$text ($domain)";
}

/** The shop's clock. */
function wp_date( $format ) {
	return date( $format, strtotime( $GLOBALS['today'] ) );
}

function plugin_basename( $file ) {
	return basename( dirname( $file ) ) . '/' . basename( $file );
}

function load_plugin_textdomain( $domain, $deprecated, $folder ) {
	$GLOBALS['languages'][ $domain ] = $folder;
}

function wc_get_product( $id ) {
	return $GLOBALS['products'][ $id ] ?? false;
}

class WC_Product {
	public $parent_id = 0;
	public $children  = array();
	public $managing  = true;
	public $units     = 5;
	public $meta      = array();
	public $type      = 'simple';
	public $backorder = false;
	private $id;

	public function __construct( $id, array $meta = array(), $units = 5 ) {
		$this->id                   = $id;
		$this->meta                 = $meta;
		$this->units                = $units;
		$GLOBALS['products'][ $id ] = $this;
	}

	public function get_id() {
		return $this->id;
	}

	public function get_parent_id() {
		return $this->parent_id;
	}

	public function get_children() {
		return $this->children;
	}

	public function is_type( $type ) {
		return $type === $this->type;
	}

	public function managing_stock() {
		return $this->managing;
	}

	public function get_stock_managed_by_id() {
		return 'parent' === $this->managing ? $this->parent_id : $this->id;
	}

	public function is_in_stock() {
		return $this->units > 0 || $this->backorder;
	}

	public function get_meta( $key ) {
		return $this->meta[ $key ] ?? '';
	}

	public function get_availability() {
		$text  = $this->is_in_stock() ? $this->units . ' in stock' : 'Out of stock';
		$class = $this->is_in_stock() ? 'in-stock' : 'out-of-stock';
		return array(
			'availability' => apply_filters( 'woocommerce_get_availability_text', $text, $this ),
			'class'        => $class,
		);
	}
}

/** Changes the first element of simple HTML: attributes in double quotes, nothing hidden in comments. */
class WP_HTML_Tag_Processor {
	private $html;

	public function __construct( $html ) {
		$this->html = $html;
	}

	public function next_tag() {
		return 1 === preg_match( '/<\w+/', $this->html );
	}

	public function set_attribute( $name, $value ) {
		$this->html = preg_replace( '/<\w+/', '$0 ' . $name . '="' . $value . '"', $this->html, 1 );
	}

	public function add_class( $name ) {
		$this->html = preg_replace( '/class="/', 'class="' . $name . ' ', $this->html, 1 );
	}

	public function get_updated_html() {
		return $this->html;
	}
}

/** As single-product/stock.php is printed, on the page and into the data of each variation. */
function stock_html( $product ) {
	$availability = $product->get_availability();
	$html         = '<p class="stock ' . $availability['class'] . '">' . $availability['availability'] . '</p>';
	return apply_filters( 'woocommerce_get_stock_html', $html, $product );
}

/** As the block woocommerce/product-stock-indicator is rendered for a product of this id. */
function stock_block( $product ) {
	$availability = $product->get_availability();
	foreach ( $product->children as $id ) {
		wc_get_product( $id )->get_availability();
	}
	$class    = 'wc-block-components-product-stock-indicator--' . $availability['class'];
	$html     = '<div class="' . $class . '">' . $availability['availability'] . '</div>';
	$instance = (object) array( 'context' => array( 'postId' => $product->get_id() ) );
	return apply_filters( 'render_block_woocommerce/product-stock-indicator', $html, array(), $instance );
}

function cart_rows( $product, $rows = array() ) {
	return apply_filters( 'woocommerce_get_item_data', $rows, array( 'data' => $product ) );
}

function offer_of( $product ) {
	$offer = array( '@type' => 'Offer', 'availability' => 'https://schema.org/WooCommerce' );
	return apply_filters( 'woocommerce_structured_data_product_offer', $offer, $product );
}
