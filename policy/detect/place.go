package detect

// coordinates checks for a pair of coordinates at the number that was read, or one that a word names.
func (r *reader) coordinates() {
	x := &r.num
	if x.size[0] > 3 {
		return
	}
	if r.has(x.stop[0], "°") {
		r.degrees()
		return
	}
	if x.groups < 2 || x.sep[1] != '.' || x.size[1] < 3 || x.groups > 2 && x.sep[2] == '.' {
		return
	}
	first, end := r.decimal(x.start)
	if end == 0 || first > 180 {
		return
	}
	named := r.aboutAt(x.start)&aboutPlace != 0
	if at := r.between(end); at > 0 {
		if r.at(at) == '-' || r.at(at) == '+' {
			at++
		}
		if second, stop := r.decimal(at); stop > 0 && first <= 90 && second <= 180 && (named || x.size[1] >= 4 && stop-at >= 6) {
			r.found("pii.gps", GPS, Medium, score(named, 0.9, 0.7), x.start, r.compass(stop))
			return
		}
	}
	if named && x.size[1] >= 4 && !alnum(r.at(end)) {
		r.found("pii.gps", GPS, Medium, 0.75, x.start, end)
	}
}

func score(named bool, with, without float64) float64 {
	if named {
		return with
	}
	return without
}

// decimal reads degrees with at least three decimals.
func (r *reader) decimal(i int) (degrees, end int) {
	at := i
	for at-i < 3 && digit(r.at(at)) {
		degrees = degrees*10 + int(r.text[at]-'0')
		at++
	}
	if at == i || r.at(at) != '.' {
		return 0, 0
	}
	at++
	n := 0
	for n < 16 && digit(r.at(at+n)) {
		n++
	}
	if n < 3 || n == 16 {
		return 0, 0
	}
	return degrees, at + n
}

// compass skips a sign of degrees and a direction.
func (r *reader) compass(i int) int {
	at := i
	if r.has(at, "°") {
		at += len("°")
	}
	if r.at(at) == ' ' {
		at++
	}
	if contains("NSEWO", r.at(at)) && !alnum(r.at(at+1)) {
		return at + 1
	}
	return i
}

// between skips what stands between two coordinates; 0: they do not belong together.
func (r *reader) between(i int) int {
	at := r.compass(i)
	if c := r.at(at); c != ',' && c != ';' && c != ' ' && c != '/' {
		return 0
	}
	at++
	if r.at(at) == ' ' {
		at++
	}
	return at
}

// degrees checks for coordinates in degrees, minutes and seconds: 40°42'46"N 74°0'21"W.
func (r *reader) degrees() {
	at := r.num.start
	for n := range 2 {
		if n == 1 {
			for range 2 {
				if c := r.at(at); c == ' ' || c == ',' {
					at++
				}
			}
		}
		for _, sign := range [...][]string{{"°"}, {"'", "′", "’"}, {`"`, "″", "”", "''"}} {
			k := at
			for k-at < 8 && (digit(r.at(k)) || r.at(k) == '.') {
				k++
			}
			if k == at {
				break
			}
			stop := 0
			for _, s := range sign {
				if stop == 0 && r.has(k, s) {
					stop = k + len(s)
				}
			}
			if stop == 0 {
				return
			}
			if at = stop; r.at(at) == ' ' {
				at++
			}
		}
		if !contains("NSEWO", r.at(at)) {
			return
		}
		at++
	}
	if !alnum(r.at(at)) {
		r.found("pii.gps", GPS, Medium, 0.9, r.num.start, at)
	}
}

func placeRules() []Rule {
	return []Rule{
		{
			ID: "pii.gps", Type: GPS, Severity: Medium, Score: 0.9,
			Description: "Coordinates: two decimals that belong together, degrees with minutes, or one decimal after a word that says what it is.",
			Source:      "ISO 6709", Check: "ranges", Behind: nearby + longestWord, Ahead: 64, Cost: Candidate,
			Match:   []string{"40.7128, -74.0060", "lat: 48.858370, lon 2.294481", `40°42'46"N 74°0'21"W`, "48.8584° N, 2.2945° E"},
			NoMatch: []string{"3.14159", "version 40.7128", "99.1234, 200.1234", "12.50, 13.75"},
		},
		{
			ID: "pii.address", Type: PostalAddress, Severity: Medium, Score: 0.9,
			Description: "A postal address: house number and street as written in English, French, German, Dutch, Italian, Spanish, Portuguese, Polish and Swedish, with postal code and town where they follow.",
			Source:      "USPS Publication 28, Royal Mail PAF, UPU S42", Behind: nearby + longestWord, Ahead: 512, Cost: Candidate,
			Match: []string{"1600 Pennsylvania Avenue NW, Washington, DC 20500", "10 Downing Street, London SW1A 2AA", "12 Kingsway, London WC2B 6AA", "12 rue de la Paix, 75002 Paris",
				"Hauptstraße 5, 10115 Berlin", "Am Markt 68, 28195 Bremen", "Keizersgracht 123, 1015 CJ Amsterdam", "Via Roma 10, 00184 Roma", "Calle Mayor 5, 28013 Madrid", "742 Evergreen Terrace",
				"Rua Augusta, 1500", "ul. Marszałkowska 10, 00-590 Warszawa", "Storgatan 12, 111 22 Stockholm", "Berliner Straße 12a"},
			NoMatch: []string{"in 2024 Google Drive changed", "5 days on the street", "chapter 12 Street life", "via email 10 times", "On 12 March Street vendors", "in 2019 Congress, Washington", "In Berlin 12 people met"},
		},
	}
}
