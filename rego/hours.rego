# Hours and days
#
# settings.hours says on which days of the week, and between which minutes of the day, requests are served, in UTC. Where
# from is later than to, the night between them is meant; the day is the one that it is then.

package weir

import rego.v2

# METADATA
# title: Not on this day
# custom: {codes: [hours_denied]}
reasons contains {"code": "hours_denied", "detail": input.time.weekday} if {
	input.settings.hours.days
	not input.time.weekday in input.settings.hours.days
}

# METADATA
# title: Not at this hour
# custom: {codes: [hours_denied]}
reasons contains {"code": "hours_denied", "detail": "time"} if {
	input.settings.hours
	_from != _to
	not _open
}

_from := object.get(input.settings.hours, "from", 0)

_to := object.get(input.settings.hours, "to", 0)

_minute := (input.time.hour * 60) + input.time.minute

_open if {
	_from < _to
	_minute >= _from
	_minute < _to
}

_open if {
	_from > _to
	_minute >= _from
}

_open if {
	_from > _to
	_minute < _to
}
