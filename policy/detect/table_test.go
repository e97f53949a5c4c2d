package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/policy/detect"
)

// The name of a column says what stands in it; what stands in another column does not.
func TestTables(t *testing.T) {
	s := detect.New()
	for text, want := range map[string]string{
		"name,ssn,salary\nrow1,536221234,81000\nrow2,536-22-1235,64500":              "pii.us_ssn 536221234, pii.us_ssn 536-22-1235",
		"policy_no;phone;note\n722506842;030 23125613;ok\n904587598;06 39 98 49 75;": "pii.phone 030 23125613, pii.phone 06 39 98 49 75",
		"| id | password |\n|---|---|\n| 4 | Winter!2024 |\n":                        "secret.password Winter!2024",
		"account\tdob\n\"a\"\t\"1970-02-03\"\r\n":                                    "pii.date_of_birth 1970-02-03",
		"account,balance\n72250684,12\n":                                             "",
		"account,sort code\n72250684,20-00-00\n":                                     "pii.bank_account 72250684, pii.uk_sort_code 20-00-00",
		"order,date\n722506842,1970-02-03\n":                                         "",
		"ssn,total\nthe report, which is long, has 536221234 in it":                  "",
		"ssn\n536221234 is all there is":                                             "pii.us_ssn 536221234",
	} {
		var got []string
		for _, f := range s.ScanPrompt(text, detect.Reading{}, nil) {
			if f.Type != detect.Person && f.Type != detect.Location && f.Type != detect.Organization {
				got = append(got, fmt.Sprint(f.Rule, " ", text[f.Start:f.End]))
			}
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("%q:\nfound %q\nwant  %q", text, g, want)
		}
	}
}

// Full-width characters hide no number.
func TestDisguisedNumbers(t *testing.T) {
	s := detect.New()
	for text, want := range map[string]string{
		"card \uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 ok":                "pii.credit_card",
		"call \uff0b\uff11 \uff14\uff11\uff15-\uff15\uff15\uff15-\uff12\uff16\uff17\uff11 now":                                       "pii.phone",
		"order \uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11":                                                                    "",
		"call jane and 4111 1111 1111 1111 \uff01":                                                                                   "pii.credit_card",
		"\u8eab\u4efd\u8bc1 \uff11\uff11\uff10\uff11\uff10\uff15\uff11\uff19\uff14\uff19\uff11\uff12\uff13\uff11\uff10\uff10\uff12X": "pii.cn_resident_id",
	} {
		found := s.ScanPrompt(text, detect.Reading{}, nil)
		for _, rule := range []string{"pii.credit_card", "pii.phone", "pii.cn_resident_id"} {
			if has(found, rule) != strings.Contains(want, rule) {
				t.Errorf("%q: %+v, want %q", text, found, want)
			}
		}
	}
}
