package eval

import (
	"encoding/base64"
	"fmt"
	"strings"

	"weir/policy/detect"
	"weir/policy/detect/check"
)

// unseenMaker makes values of its own lists and forms.
type unseenMaker struct{ maker }

func (m unseenMaker) value(name string) (string, detect.Type) {
	kind, form, _ := strings.Cut(name, ":")
	t := detect.Type(kind)
	if s := m.contact(t); s != "" {
		return s, t
	}
	if s := m.paying(t, form); s != "" {
		return s, t
	}
	if s := m.hidden(t); s != "" {
		return s, t
	}
	return m.national(t), t
}

// contact makes what a person is reached by.
func (m unseenMaker) contact(t detect.Type) string {
	n := fmt.Sprint(1 + m.IntN(240))
	switch t {
	case detect.EmailAddress:
		return m.one("agnieszka", "d.okafor", "m_rossi", "tran.thu", "hello", "b-lindqvist", "Carla.Mendes", "yuki2024", "r.o.connor", "billing+eu") + "@" +
			m.one("tannery-works.com", "stadtwerke-aue.de", "proton.me", "uni-groningen.nl", "cafe-du-port.fr", "sunrise.co.jp", "outlook.com", "gov.example.in", "vidro.com.br", "acme-tools.dev")
	case detect.PhoneNumber:
		return m.fill(m.one("+1 415-555-01##", "(212) 555-01##", "206.555.01##", "+1-604-555-01##", "020 7946 0###", "07700 900###", "+44 7700 900###", "0049 30 23125 ###", "030 23125###", "+49 (0)40 66969 ###",
			"06 39 98 ## ##", "+33 1 99 00 ## ##", "+34 911 23 ## ##", "612 34 ## ##", "+39 06 6982 ####", "333 12# ####", "+31 20 794 ####", "06-1########", "+91 80 4718 ####", "9848 ######",
			"+84 24 3### ####", "(11) 9####-####", "+55 21 3###-####", "+81 3-####-####", "090-####-####", "+61 2 5550 ####", "0491 570 ###"))
	case detect.PostalAddress:
		return m.one(n+" Oak Street, Springfield, IL 627"+m.fill("##"), "4"+n+" W. Chestnut Ave., Apt 5B, Fresno, CA 937"+m.fill("##"), "P.O. Box "+m.fill("####")+", Boise, ID 83701", n+" Kingsway, London WC2B 6AA",
			"Flat 2, "+n+" Abbey Close, Leeds LS1 4DY", "Hauptstr. "+n+", 04109 Leipzig", "Am Markt "+n+", 28195 Bremen", n+" rue de la République, 13001 Marseille", n+" bis boulevard Voltaire, 75011 Paris",
			"Keizersgracht "+n+"-2, 1016 EE Amsterdam", "Piazza Dante "+n+", 80135 Napoli", "Av. de la Constitución "+n+", 41001 Sevilla", n+" Queen St W, Toronto, ON M5H 2N2", n+" George Street, Sydney NSW 2000", "Drottninggatan "+n+", 111 51 Stockholm", "ul. Mokotowska "+n+", 00-640 Warszawa")
	case detect.DateOfBirth:
		y, mo, d := 1938+m.IntN(68), 1+m.IntN(12), 1+m.IntN(28)
		return m.one(fmt.Sprintf("%04d-%02d-%02d", y, mo, d), fmt.Sprintf("%d/%d/%d", mo, d, y), fmt.Sprintf("%02d.%02d.%d", d, mo, y), fmt.Sprintf("%02d-%02d-%d", d, mo, y), fmt.Sprintf("%d March %d", d, y), fmt.Sprintf("Oct %d, %d", d, y), fmt.Sprintf("%02d/%02d/%02d", mo, d, y%100))
	case detect.IPAddress:
		return m.one(fmt.Sprintf("%d.%d.%d.%d", 23+m.IntN(180), m.IntN(256), m.IntN(256), 1+m.IntN(254)), fmt.Sprintf("10.%d.%d.%d", m.IntN(256), m.IntN(256), 1+m.IntN(254)), fmt.Sprintf("2a02:8%x:%x::%x", m.IntN(4096), m.IntN(65536), 1+m.IntN(65535)))
	case detect.MACAddress:
		f := m.one("%02x:%02x:%02x:%02x:%02x:%02x", "%02X-%02X-%02X-%02X-%02X-%02X", "%02x%02x.%02x%02x.%02x%02x")
		return fmt.Sprintf(f, 2+m.IntN(250), m.IntN(256), m.IntN(256), m.IntN(256), m.IntN(256), 1+m.IntN(254))
	case detect.GPS:
		lat, lon := m.Float64()*80, m.Float64()*170
		return m.one(fmt.Sprintf("%.6f,%.6f", lat, -lon), fmt.Sprintf("%.4f N, %.4f E", lat, lon), fmt.Sprintf("%d°%d'%d\"N %d°%d'%d\"W", int(lat), 10+m.IntN(49), 10+m.IntN(49), int(lon), 10+m.IntN(49), 10+m.IntN(49)))
	}
	return ""
}

// paying makes what money goes to.
func (m unseenMaker) paying(t detect.Type, form string) string {
	switch t {
	case detect.IBAN:
		s := m.ibanOf(m.one("GB", "IT", "CH", "DE", "SE", "IE", "DK", "FR", "ES", "LU"))
		if m.IntN(2) == 0 {
			return s
		}
		return inFours(s)
	case detect.SWIFT:
		return m.one("DEUTDEFF", "BNPAFRPPXXX", "INGBNL2A", "UNCRITMM", "CHASUS33", "NDEASESS", "BARCGB22", "COBADEFFXXX")
	case detect.CreditCard:
		return m.until(digits(check.Card), "4###############", "4### #### #### ####", "51## #### #### ####", "2223 #### #### ####", "34## ###### #####", "6011-####-####-####", "3530 #### #### ####")
	case detect.BankRouting:
		if form == "uk" {
			return m.fill("2#-4#-1#")
		}
		return m.until(digits(check.RoutingNumber), "02#######", "12#######", "31#######")
	case detect.BankAccount:
		if form == "uk" {
			return m.fill("########")
		}
		return m.fill(m.one("#########", "###########", "0#########"))
	case detect.Crypto:
		return m.one("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "0x52908400098527886E0F7030069857D2E4169EE7")
	case detect.VIN:
		return m.one("1M8GDM9AXKP042788", "5GZCZ43D13S812715", "1HGCM82633A004352", "JH4KA7561PC008269")
	}
	return ""
}

func (m maker) ibanOf(country string) string {
	n := check.IBANLength(country) - 4
	form := strings.Repeat("#", n)
	switch country {
	case "GB", "IE":
		form = "????" + form[4:]
	case "IT":
		form = "?" + form[1:]
	}
	for {
		body := m.fill(form)
		for k := 2; k < 99; k++ {
			if s := fmt.Sprintf("%s%02d%s", country, k, body); check.IBAN(s) {
				return s
			}
		}
	}
}

const letters62 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func (m maker) random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters62[m.IntN(len(letters62))]
	}
	return string(b)
}

// hidden makes secrets.
func (m unseenMaker) hidden(t detect.Type) string {
	switch t {
	case detect.APIKey:
		return m.one("sk-proj-"+m.random(48), "sk-ant-api03-"+m.random(93)+"AA", "AKIA"+strings.ToUpper(strings.Map(func(r rune) rune {
			if strings.ContainsRune("0189", r) {
				return 'X'
			}
			return r
		}, m.random(16))), "glpat-"+m.random(20), "hf_"+strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return 'q'
			}
			return r
		}, m.random(34)), "AIza"+m.random(35), "SG."+m.random(22)+"."+m.random(43), "npm_"+m.random(36))
	case detect.Password:
		return m.one("Winter!2024", "c0rrect-h0rse", "Zx9$kl2p", "hunter_42!", "Passw0rt#7", "n3wY0rk*City")
	case detect.ConnectionString:
		return m.one("postgresql://svc_app:", "mysql://root:", "mongodb+srv://reader:", "redis://default:", "amqp://worker:") + m.random(12) + "@" + m.one("db-3.corp.internal:5432/crm", "10.2.4.9:3306/shop", "cluster0.ab1cd.mongodb.net/app")
	case detect.JWT:
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		return part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"sub":"%d","exp":1790000000}`, m.IntN(1e6))) + "." + m.random(64)
	}
	return ""
}

// national makes numbers that a state or a hospital gives.
func (m unseenMaker) national(t detect.Type) string {
	switch t {
	case detect.USITIN:
		return m.until(digits(check.ITIN), "9##-7#-####", "9##7#####", "9##-8#-####")
	case detect.USDEA:
		return m.until(check.DEA, "B?#######", "A?#######", "M?#######")
	case detect.ESNIE:
		return m.until(check.NIE, "X#######?", "Y-#######-?", "Z#######?")
	case detect.ITFiscalCode:
		return m.until(check.CodiceFiscale, "RSSMRA85T10A562?", "VRDGPP13R10B293?", "BNCLRA80A41F205?")
	case detect.BRCNPJ:
		return m.until(digits(check.CNPJ), "##.###.###/0001-##", "########0001##")
	case detect.CASIN:
		return m.until(digits(check.SIN), "### ### ###", "###-###-###")
	case detect.CHAHV:
		return m.until(digits(check.AHV), "756.####.####.##")
	case detect.BENationalNumber:
		return m.until(digits(check.Rijksregister), "8#.0#.1#-###.##", "9#0#2######")
	case detect.MXCURP:
		return m.until(check.CURP, "GOMC8#041#HDFRRN0#", "LOPM9#112#MJCRRR0#")
	case detect.FIHETU:
		for {
			if s := m.fill(m.one("1#0#7#-###?", "2#1#8#-####")); check.HETU(s) {
				return s
			}
		}
	case detect.IEPPS:
		return m.until(check.PPS, "#######?")
	case detect.CNResidentID:
		return m.until(check.ResidentID, "110105198#1121####", "440308199#0512####")
	case detect.JPMyNumber:
		return m.until(digits(check.MyNumber), "############", "#### #### ####")
	case detect.KRRRN:
		return m.until(digits(check.RRN), "8#0#1#-1######", "9#1#2#-2######")
	case detect.Passport:
		return m.fill(m.one("#########", "L########", "??#######", "K#######"))
	case detect.DriverLicence:
		return m.fill(m.one("#########", "?########", "?###-####-####-##"))
	case detect.MedicalRecord:
		return m.fill(m.one("#######", "H########", "##-##-##"))
	}
	return m.maker.value(t)
}
