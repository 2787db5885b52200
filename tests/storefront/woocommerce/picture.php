<?php
/** The page behind docs/pictures/storefront-woocommerce.png, with what the plugin really prints. Made by:
 *
 *    php tests/storefront/woocommerce/picture.php >page.html
 *    chromium --headless --no-sandbox --hide-scrollbars --window-size=980,560 --screenshot=picture.png page.html
 */

require __DIR__ . '/wordpress.php';
require __DIR__ . '/../../../connectors/woocommerce/storefront/syncd-availability/syncd-availability.php';

$said = array(
	array( 'Ceramic mug', 'in_stock', 'In stock, ready to ship', 8 ),
	array( 'Wool blanket', 'external_warehouse', 'In stock at our external warehouse, ships in 3–5 working days', 20 ),
	array( 'Walking shoe, 39', 'on_the_way', 'On the way, expected on 12 December', 6 ),
	array( 'Oak shelf', 'supplier', 'Supplier lead time 7 working days', 3 ),
	array( 'נעל הליכה, 39', 'pre_order', 'זמין בהזמנה מוקדמת, נשלח החל מ-24 בדצמבר', 12 ),
	array( 'Linen shirt, M', 'out_of_stock', 'Out of stock', 0 ),
);
?>
<!doctype html>
<meta charset="utf-8">
<style>
	body { margin: 24px; font: 16px/1.5 "DejaVu Sans", sans-serif; color: #222; background: #fff; width: 932px }
	main { display: grid; grid-template-columns: repeat(3, 1fr); gap: 20px }
	article, table { border: 1px solid #ddd; border-radius: 6px; padding: 14px 16px }
	h2 { font-size: 18px; margin: 0 }
	.price { margin: 2px 0 8px; color: #666 }
	.stock { margin: 0 0 10px; font-size: 14px; min-height: 42px }
	.stock.in-stock { color: #0f834d } .stock.out-of-stock { color: #b81c23 }
	button { background: #333; color: #fff; border: 0; border-radius: 4px; padding: 8px 14px; font: inherit; font-size: 14px }
	table { width: 100%; margin-top: 20px; border-collapse: separate } td { padding: 2px 0; vertical-align: top }
	td:last-child { text-align: right } dl { margin: 0; font-size: 13px; color: #555 } dt, dd { display: inline; margin: 0 }
</style>
<main>
<?php foreach ( $said as $number => list( $name, $status, $text, $units ) ) : ?>
	<?php $product = new WC_Product( $number + 1, array( '_syncd_status' => $status, '_syncd_text' => $text ), $units ); ?>
	<article dir="auto">
		<h2><?php echo esc_html( $name ); ?></h2>
		<p class="price">€ 39.00</p>
		<?php echo stock_html( $product ); ?>
		<?php if ( $units ) : ?>
			<button>Add to cart</button>
		<?php endif; ?>
	</article>
<?php endforeach; ?>
</main>
<table>
	<tr><td><b>Cart</b></td><td></td></tr>
	<?php $row = cart_rows( wc_get_product( 3 ) )[0]; ?>
	<tr>
		<td>Walking shoe, 39<dl><dt><?php echo $row['key']; ?>:</dt> <dd><?php echo $row['value']; ?></dd></dl></td>
		<td>€ 39.00</td>
	</tr>
</table>
