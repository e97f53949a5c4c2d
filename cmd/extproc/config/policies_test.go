package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

// bundle is a good bundle with one line changed, or left out where it is given without a value.
func bundle(change string) string {
	lines := []string{"name: platform", "url: https://bundles.example.com/weir.tar.gz", "key: {env: BUNDLE_KEY}", "roots: [weir]"}
	name, value, _ := strings.Cut(change, ":")
	out, found := []string{}, false
	for _, l := range lines {
		if field, _, _ := strings.Cut(l, ":"); field == name {
			l, found = change, true
		}
		if l != name+":" || value != "" {
			out = append(out, l)
		}
	}
	if !found && change != "" {
		out = append(out, change)
	}
	return "policies:\n  bundles:\n    - " + strings.Join(out, "\n      ") + "\n"
}

func TestBundles(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte(bundle("poll: 90s")), dialects)
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Bundles[0]; b.Name != "platform" || b.Every != 90*time.Second || b.Key.Env != "BUNDLE_KEY" || b.Roots[0] != "weir" {
		t.Errorf("%+v", b)
	}
}

// Every wrong value of where policies come from is refused with its place, its field, what was found and what is wanted.
func TestPoliciesRefused(t *testing.T) {
	second := "    - {name: other, url: 'https://h/x', key: {env: K}, roots: [weir/models]}\n"
	for text, want := range map[string]string{
		bundle("name:"):                                  `w.yaml:3:7: policies.bundles[0].name: found nothing, want a name of its own`,
		bundle("name: a/b"):                              `w.yaml:3:13: policies.bundles[0].name: found "a/b", want a name that a file may have`,
		bundle("name: .kept"):                            `w.yaml:3:13: policies.bundles[0].name: found ".kept", want a name that a file may have`,
		bundle("url:"):                                   `w.yaml:3:7: policies.bundles[0].url: found nothing, want http(s)://host/path`,
		bundle("url: ftp://bundles.example.com/x"):       `w.yaml:4:12: policies.bundles[0].url: found the scheme "ftp" and the host "bundles.example.com", want http(s)://host/path`,
		bundle("url: https://user:secret@example.com/x"): `w.yaml:4:12: policies.bundles[0].url: found a user or password in the URL, want http(s)://host/path (a secret goes to token)`,
		bundle("key:"):                                   `w.yaml:3:7: policies.bundles[0].key: found nothing, want env: NAME or file: PATH`,
		bundle("key: plain-secret"):                      `w.yaml:5:12: policies.bundles[0].key: found text, want env: NAME or file: PATH (a secret is named here, never written down)`,
		bundle("key: {env: A, file: B}"):                 `w.yaml:5:12: policies.bundles[0].key: found env and file, want one of them`,
		bundle("token: {env: A, file: B}"):               `w.yaml:7:14: policies.bundles[0].token: found env and file, want one of them`,
		bundle("algorithm: RS265"):                       `w.yaml:7:18: policies.bundles[0].algorithm: found "RS265", want an algorithm of a signature (did you mean "RS256"?)`,
		bundle("roots:"):                                 `w.yaml:3:7: policies.bundles[0].roots: found nothing, want what the bundle may hold, like [weir]`,
		bundle("roots: weir"):                            `w.yaml:6:14: policies.bundles[0].roots: found text, want a list`,
		bundle("roots: [weir, 'a b', '']"):               `w.yaml:6:21: policies.bundles[0].roots[1]: found "a b", want what the bundle may hold, like weir (names with / between them)` + "\n" + `w.yaml:6:28: policies.bundles[0].roots[2]: found nothing, want what the bundle may hold, like weir (names with / between them)`,
		bundle("poll: 10ms"):                             `w.yaml:7:13: policies.bundles[0].poll: found "10ms", want a duration of at least 1s, like 1m`,
		bundle("poll: often"):                            `w.yaml:7:13: policies.bundles[0].poll: found "often", want a duration of at least 1s, like 1m`,
		bundle("pol: 1m"):                                `w.yaml:7:7: policies.bundles[0].pol: found a field that does not exist, want a known field (did you mean "poll"?)`,
		bundle("") + second:                              `w.yaml:7:64: policies.bundles[1].roots[0]: found "weir/models", want a root of its own (it overlaps with policies.bundles[0].roots[0])`,
		bundle("") + strings.ReplaceAll(strings.ReplaceAll(second, "other", "platform"), "weir/models", "acme"): `w.yaml:7:14: policies.bundles[1].name: found "platform" a second time, want a name of its own (the first is policies.bundles[0].name)`,
		"policies: {candidate: [next]}\n":                     `w.yaml:1:23: policies.candidate: found a list, want text`,
		"policies: {candidat: next}\n":                        `w.yaml:1:12: policies.candidat: found a field that does not exist, want a known field (did you mean "candidate"?)`,
		"policies: {dir: policies, candidate: ./policies/}\n": `w.yaml:1:38: policies.candidate: found "./policies/", want another directory than policies.dir (a candidate decides beside what is in force)`,
		"policies: {persist: kept}\n":                         `w.yaml:1:21: policies.persist: found "kept", want nothing where there are no bundles (only policies.bundles are kept there)`,
	} {
		_, err := config.Parse("w.yaml", []byte(text), dialects)
		var problems *config.Error
		if !errors.As(err, &problems) || err.Error() != want {
			t.Errorf("%s\n   %v\n%s", text, err, want)
		}
	}
}

// Every wrong value of a tenant's tools is refused the same way.
func TestToolsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"allow: search":          `w.yaml:5:16: tenants[0].settings.tools.allow: found text, want a list`,
		"allow: [search, '']":    `w.yaml:5:25: tenants[0].settings.tools.allow[1]: found nothing, want a name, or a glob with * and ?`,
		"deny: ['[a-z]*']":       `w.yaml:5:16: tenants[0].settings.tools.deny[0]: found "[a-z]*", want a name, or a glob with * and ?`,
		"deny: [{name: search}]": `w.yaml:5:16: tenants[0].settings.tools.deny[0]: found a mapping, want text`,
		"offered: log":           `w.yaml:5:18: tenants[0].settings.tools.offered: found "log", want redact or block`,
		"offered: blok":          `w.yaml:5:18: tenants[0].settings.tools.offered: found "blok", want redact or block`,
		"arguments: refuse":      `w.yaml:5:20: tenants[0].settings.tools.arguments: found "refuse", want log, redact or block`,
		"argument: block":        `w.yaml:5:9: tenants[0].settings.tools.argument: found a field that does not exist, want a known field (did you mean "arguments"?)`,
		"permit: [search]":       `w.yaml:5:9: tenants[0].settings.tools.permit: found a field that does not exist, want a known field (one of allow, arguments, deny, offered)`,
	} {
		_, err := config.Parse("w.yaml", []byte("tenants:\n  - id: acme\n    settings:\n      tools:\n        "+text+"\n"), dialects)
		var problems *config.Error
		if !errors.As(err, &problems) || err.Error() != want {
			t.Errorf("%s\n   %v\n%s", text, err, want)
		}
	}
}

// A scope for a surface that is none would hold for nobody.
func TestScopesRefused(t *testing.T) {
	const head = "tenants:\n  - id: acme\n    settings:\n      scopes:\n        "
	_, err := config.Parse("w.yaml", []byte(head+"openai.caht: chat\n"), dialects)
	const want = `w.yaml:5:9: tenants[0].settings.scopes.openai.caht: found "openai.caht", want a surface, or * for all of them (did you mean "openai.chat"?)`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
	if _, err := config.Parse("w.yaml", []byte(head+"{'*': all, openai.chat: chat, gemini.generate_content: g, anthropic.messages: m}\n"), dialects); err != nil {
		t.Error(err)
	}
}

// Who may use the admin API is said by a name, a hash and a role.
func TestAdminTokens(t *testing.T) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for text, want := range map[string]string{
		"{name: ana, sha256: SUM, role: viewr}":                                     `found "viewr", want viewer, operator or admin (did you mean "viewer"?)`,
		"{name: ana, sha256: SUM}":                                                  "admin.tokens[0].role: found nothing, want viewer, operator or admin",
		"{name: ana, sha256: weir_SECRET, role: admin}":                             "admin.tokens[0].sha256: found something else, want 64 hexadecimal digits",
		"{name: ana, role: admin}":                                                  "admin.tokens[0].sha256: found nothing, want 64 hexadecimal digits",
		"{sha256: SUM, role: admin}":                                                "admin.tokens[0].name: found nothing, want who has it",
		"{name: ana, sha256: SUM, role: operator, tenant: acme}":                    "only a viewer can be held to one tenant",
		"{name: a, sha256: SUM, role: admin}, {name: b, sha256: SUM, role: viewer}": "admin.tokens[1].sha256",
		"{name: a, token: SUM, role: admin}":                                        "found a field that does not exist",
	} {
		_, err := config.Parse("w.yaml", []byte("admin: {tokens: ["+strings.ReplaceAll(text, "SUM", sum)+"]}\n"), dialects)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "weir_SECRET") {
			t.Errorf("%s\n%v\n%s", text, err, want)
		}
	}
	c, err := config.Parse("w.yaml", []byte("admin: {tokens: [{name: ana, sha256: "+sum+", role: viewer, tenant: acme}]}\n"), dialects)
	if err != nil || c.AdminTokens[0].Role != "viewer" || c.AdminTokens[0].Hash[0] != 0x9f || c.AdminTokens[0].Tenant != "acme" {
		t.Errorf("%v", err)
	}
}

// Retention is a number of days, for everybody and for a tenant.
func TestRetention(t *testing.T) {
	for text, want := range map[string]string{
		"trail: {retention_days: -1}\n":               "w.yaml:1:25: trail.retention_days: found -1, want a whole number between 0 and 36500",
		"tenants: [{id: a, retention_days: 40000}]\n": "w.yaml:1:35: tenants[0].retention_days: found 40000, want a whole number between 0 and 36500",
		"trail: {retention_days: ninety}\n":           "w.yaml:1:25: trail.retention_days: found text, want a whole number",
		"tenants: [{id: a, retention_day: 40}]\n":     `w.yaml:1:19: tenants[0].retention_day: found a field that does not exist, want a known field (did you mean "retention_days"?)`,
	} {
		_, err := config.Parse("w.yaml", []byte(text), dialects)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n%v\n%s", text, err, want)
		}
	}
	c, err := config.Parse("w.yaml", []byte("trail: {retention_days: 400}\ntenants: [{id: a, retention_days: 90}]\n"), dialects)
	if err != nil || c.Retention != 400*24*time.Hour || c.Tenants[0].Retention != 90*24*time.Hour {
		t.Errorf("%v", err)
	}
}

// How much text policies see is a number within its bound.
func TestSegmentTextRefused(t *testing.T) {
	for text, want := range map[string]string{
		"-1":      "w.yaml:1:50: tenants[0].settings.segment_text_bytes: found -1, want a whole number between 0 and 1048576 (0 shows policies no text)",
		"1048577": "w.yaml:1:50: tenants[0].settings.segment_text_bytes: found 1048577, want a whole number between 0 and 1048576 (0 shows policies no text)",
		"yes":     "w.yaml:1:50: tenants[0].settings.segment_text_bytes: found text, want a whole number",
	} {
		_, err := config.Parse("w.yaml", []byte("tenants: [{id: a, settings: {segment_text_bytes: "+text+"}}]\n"), dialects)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n%v\n%s", text, err, want)
		}
	}
	c, err := config.Parse("w.yaml", []byte("tenants: [{id: a, settings: {segment_text_bytes: 4096}}]\n"), dialects)
	if err != nil || c.Tenants[0].Settings.SegmentTextBytes != 4096 {
		t.Errorf("%v", err)
	}
}
