package weir

import rego.v2

_from_regions(regions, settings) := {
	"candidates": [{"region": region} | some region in regions],
	"settings": {"regions": settings},
}

_away(regions, settings) := out if {
	out := excluded with input as _from_regions(regions, settings)
}

test_region_permitted if _away(["eu", "us", ""], {"allow": ["eu"]}) == {1, 2}

test_region_denied_one if _away(["eu", "us"], {"deny": ["us"]}) == {1}

test_some_region_left if {
	not "region_denied" in reasons with input as _from_regions(["eu", "us"], {"allow": ["eu"]})
}

test_no_region_left if "region_denied" in reasons with input as _from_regions(["us"], {"allow": ["eu"]})

test_no_candidates_are_no_matter_of_region if {
	not "region_denied" in reasons with input as _from_regions([], {"allow": ["eu"]})
}
