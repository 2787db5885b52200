<?php
namespace Automattic\WooCommerce\Utilities;

class FeaturesUtil {
	public static function declare_compatibility( $feature, $file, $compatible ) {
		$GLOBALS['declared'][ $feature ] = $compatible && is_file( $file );
	}
}
