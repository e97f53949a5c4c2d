package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"weir/filter/surface"
	"weir/policy/tenant"
)

// weekdays are what hours.days may name.
var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// rules reads the settings that switch whole policies on.
func (c *checker) rules(at string, s Settings, out *tenant.Settings) {
	out.Tools = tenant.ToolSettings{
		Allow: s.Tools.Allow, Deny: s.Tools.Deny, Offered: tenant.Action(s.Tools.Offered), Arguments: tenant.Action(s.Tools.Arguments),
	}
	c.patterns(at+".tools.allow", s.Tools.Allow)
	c.patterns(at+".tools.deny", s.Tools.Deny)
	if !slices.Contains([]string{"", "redact", "block"}, s.Tools.Offered) {
		c.add(at+".tools.offered", fmt.Sprintf("%q", s.Tools.Offered), "redact or block", "")
	}
	c.action(at+".tools.arguments", s.Tools.Arguments, &out.Tools.Arguments)
	out.Hours = tenant.HourSettings{Days: s.Hours.Days, From: c.minute(at+".hours.from", s.Hours.From), To: c.minute(at+".hours.to", s.Hours.To)}
	for i, d := range s.Hours.Days {
		if !slices.Contains(weekdays, d) {
			c.add(fmt.Sprintf("%s.hours.days[%d]", at, i), fmt.Sprintf("%q", d), "a day of the week", nearest(d, weekdays))
		}
	}
	out.Regions = tenant.ListSettings{Allow: s.Regions.Allow, Deny: s.Regions.Deny}
	out.Addresses = tenant.ListSettings{Allow: c.networks(at+".addresses.allow", s.Addresses.Allow), Deny: c.networks(at+".addresses.deny", s.Addresses.Deny)}
	surfaces := append(surface.Default().Names(), "*")
	for name, scope := range s.Scopes {
		if scope == "" {
			c.add(at+".scopes."+name, "nothing", "a scope", "")
		}
		if !slices.Contains(surfaces, name) {
			c.add(at+".scopes."+name, fmt.Sprintf("%q", name), "a surface, or * for all of them", nearest(name, surfaces))
		}
		out.Scopes[name] = scope
	}
	c.count(at+".answer.characters", s.Answer.Characters)
	out.Answer = tenant.AnswerSettings{Characters: s.Answer.Characters, Echo: s.Answer.Echo, Models: s.Answer.Models}
	for i, m := range s.Answer.Models {
		if !slices.Contains(tenant.AnswerModels, m) {
			c.add(fmt.Sprintf("%s.answer.models[%d]", at, i), fmt.Sprintf("%q", m), "a model", nearest(m, tenant.AnswerModels))
		}
	}
	out.Quarantine.Types = s.Quarantine.Types
	if n := s.SegmentTextBytes; n < 0 || n > tenant.MaxSegmentTextBytes {
		c.add(at+".segment_text_bytes", fmt.Sprint(n), fmt.Sprintf("a whole number between 0 and %d", tenant.MaxSegmentTextBytes), "0 shows policies no text")
	}
	out.SegmentTextBytes = s.SegmentTextBytes
}

// patterns reports names and globs that cannot be meant.
func (c *checker) patterns(field string, list []string) {
	for i, s := range list {
		if !tenant.ValidPattern(s) {
			c.add(fmt.Sprintf("%s[%d]", field, i), orNothing(s), "a name, or a glob with * and ?", "")
		}
	}
}

// minute reads 08:30 as minutes of a day; nothing is 0, and 24:00 is the end of the day.
func (c *checker) minute(field, s string) int64 {
	if s == "" {
		return 0
	}
	hours, minutes, ok := strings.Cut(s, ":")
	h, errH := strconv.ParseUint(hours, 10, 8)
	m, errM := strconv.ParseUint(minutes, 10, 8)
	if !ok || errH != nil || errM != nil || len(minutes) != 2 || m > 59 || h*60+m > 24*60 {
		c.add(field, fmt.Sprintf("%q", s), "a time of day like 08:30, in UTC", "")
		return 0
	}
	return int64(h*60 + m)
}

// networks reads addresses and networks; an address is a network of one.
func (c *checker) networks(field string, list []string) []string {
	var out []string
	for i, s := range list {
		n, err := netip.ParsePrefix(s)
		if a, errAddr := netip.ParseAddr(s); errAddr == nil {
			n, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			c.add(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%q", s), "an address, or a network like 10.0.0.0/8", "")
			continue
		}
		out = append(out, n.Masked().String())
	}
	return out
}

// unseen are headers that no policy sees: they hold credentials.
var unseen = []string{"authorization", "proxy-authorization", "cookie", "x-api-key", "x-detection-key", "x-bf-vk", "x-goog-api-key", "api-key"}

// policyHeaders reads the names of headers, in lower case.
func (c *checker) policyHeaders(list []string) []string {
	var out []string
	for i, name := range list {
		field := fmt.Sprintf("policies.headers[%d]", i)
		name = strings.ToLower(name)
		switch {
		case name == "" || strings.ContainsAny(name, " :\t"):
			c.add(field, orNothing(name), "the name of a header", "")
		case slices.Contains(unseen, name):
			c.add(field, fmt.Sprintf("%q", name), "a header without credentials", "policies see who is calling as input.identity")
		case !slices.Contains(out, name):
			out = append(out, name)
		}
	}
	return out
}
