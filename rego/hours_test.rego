package weir

import rego.v2

_at(day, hour, minute, settings) := {reason.detail |
	some reason in reasons with input as {
		"time": {"weekday": day, "hour": hour, "minute": minute},
		"settings": {"hours": settings},
	}
	reason.code == "hours_denied"
}

_office := {"days": ["monday", "friday"], "from": 480, "to": 1080}

test_hours_open[note] if {
	some note, open in {
		"at the first minute": ["monday", 8, 0, _office],
		"at the last minute": ["friday", 17, 59, _office],
		"any hour of the day": ["monday", 3, 0, {"days": ["monday"]}],
		"until midnight": ["monday", 23, 59, {"from": 480, "to": 1440}],
		"from midnight": ["monday", 0, 0, {"to": 480}],
		"at night, before midnight": ["monday", 23, 0, {"from": 1320, "to": 360}],
		"at night, after midnight": ["monday", 5, 59, {"from": 1320, "to": 360}],
	}
	count(_at(open[0], open[1], open[2], open[3])) == 0
}

test_hours_closed[note] if {
	some note, closed in {
		"before": ["monday", 7, 59, _office],
		"after": ["monday", 18, 0, _office],
		"by day": ["monday", 12, 0, {"from": 1320, "to": 360}],
	}
	_at(closed[0], closed[1], closed[2], closed[3]) == {"time"}
}

test_day_closed if _at("sunday", 12, 0, _office) == {"sunday"}
