<?php
// The words of Syncd Availability, in the format of WordPress 6.5. GPL-2.0-or-later.
return array(
	'domain'   => 'syncd-availability',
	'language' => 'zh_CN',
	'messages' => array( 'Availability' => '供货情况' ),
);
