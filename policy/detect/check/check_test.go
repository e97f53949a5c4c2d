package check_test

import (
	"testing"

	"weir/policy/detect/check"
)

// digits are the values of the digits in s.
func digits(s string) []byte {
	var d []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			d = append(d, s[i]-'0')
		}
	}
	return d
}

// TestPublishedNumbers holds each check to numbers that its authority, or a public text about it, gives as examples; one
// more at the last digit must fail.
func TestPublishedNumbers(t *testing.T) {
	for _, c := range []struct {
		name  string
		check func([]byte) bool
		good  []string
	}{
		{"Luhn", check.Luhn, []string{"79927398713", "4111111111111111"}},
		{"Verhoeff", check.Verhoeff, []string{"2363"}},
		{"NHS", check.NHS, []string{"943 476 5919", "401 023 2137"}},
		{"SteuerID", check.SteuerID, []string{"86095742719", "47036892816", "65929970489"}},
		{"NIR", check.NIR, []string{"2 55 08 14 168 025 38"}},
		{"BSN", check.BSN, []string{"111222333", "123456782"}},
		{"CPF", check.CPF, []string{"529.982.247-25", "111.444.777-35"}},
		{"CNPJ", check.CNPJ, []string{"11.222.333/0001-81", "11.444.777/0001-61"}},
		{"PESEL", check.PESEL, []string{"44051401359", "02070803628"}},
		{"Personnummer", check.Personnummer, []string{"811218-9876", "640823-3234"}},
		{"TFN", check.TFN, []string{"123456782", "876 543 210"}},
		{"Medicare", check.Medicare, []string{"2123456701"}},
		{"NPI", check.NPI, []string{"1234567893", "1245319599"}},
		{"RoutingNumber", check.RoutingNumber, []string{"021000021", "111000025", "011401533"}},
		{"AHV", check.AHV, []string{"756.9217.0769.85"}},
		{"Rijksregister", check.Rijksregister, []string{"85.07.30-033.28"}},
		{"MyNumber", check.MyNumber, []string{"123456789018"}},
		{"SIN", check.SIN, []string{"130 692 544"}},
	} {
		for _, s := range c.good {
			d := digits(s)
			if !c.check(d) {
				t.Errorf("%s refuses %s", c.name, s)
			}
			if c.name == "NIR" || c.name == "Medicare" { // the last digit is not, or not alone, the check
				continue
			}
			if d[len(d)-1] = (d[len(d)-1] + 1) % 10; c.check(d) {
				t.Errorf("%s takes %s with another last digit", c.name, s)
			}
		}
	}
}

func TestPublishedCodes(t *testing.T) {
	for _, c := range []struct {
		name      string
		check     func(string) bool
		good, bad []string
	}{
		{"NINO", check.NINO, []string{"AB123456C", "JG103759A"}, []string{"QQ123456C", "BG123456A", "AB123456E"}},
		{"DNI", check.DNI, []string{"12345678Z", "00000023T"}, []string{"12345678A"}},
		{"NIE", check.NIE, []string{"X1234567L", "Y1234567X", "Z1234567R"}, []string{"X1234567A", "A1234567L"}},
		{"CodiceFiscale", check.CodiceFiscale, []string{"RSSMRA85T10A562S", "MRTMTT91D08F205J"}, []string{"RSSMRA85T10A562T"}},
		{"NRIC", check.NRIC, []string{"S1234567D", "F1234567N", "T1234567J", "G1234567X"}, []string{"S1234567A", "A1234567D"}},
		{"PAN", check.PAN, []string{"ABCPE1234F"}, []string{"ABCDE1234F"}},
		{"DEA", check.DEA, []string{"AB1234563"}, []string{"AB1234567", "IB1234563"}},
		{"VIN", check.VIN, []string{"1HGCM82633A004352", "1M8GDM9AXKP042788", "11111111111111111"}, []string{"1HGCM82633A004353", "IHGCM82633A004352"}},
		{"ResidentID", check.ResidentID, []string{"11010519491231002X"}, []string{"110105194912310021"}},
		{"HETU", check.HETU, []string{"131052-308T"}, []string{"131052-308U"}},
		{"PPS", check.PPS, []string{"1234567T", "1234567FA"}, []string{"1234567A"}},
		{"IBAN", check.IBAN, []string{"GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"}, []string{"GB82WEST12345698765433"}},
		{"BTC", func(s string) bool { return check.Base58Check(s, 0, 5) }, []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"}, []string{"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"}},
		{"Bech32", check.Bech32, []string{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"}, []string{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp"}},
	} {
		for _, s := range c.good {
			if !c.check(s) {
				t.Errorf("%s refuses %s", c.name, s)
			}
		}
		for _, s := range c.bad {
			if c.check(s) {
				t.Errorf("%s takes %s", c.name, s)
			}
		}
	}
}
