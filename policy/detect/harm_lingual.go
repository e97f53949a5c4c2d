package detect

// harmsElsewhere are phrases of harmful content in other languages than English, few and plain. Words stand without
// accents: text is also read in its normal form.
var harmsElsewhere = []phraseRule{
	{
		id: "self-003", typ: SelfHarm, score: 0.9, says: "Speaks of ending one's own life, in German or French.",
		steps:   []step{{0, terms("ich je")}, {3, terms("mich me")}, {1, terms("umbringen toten erhangen erschiessen ritzen suicider tuer pendre")}},
		match:   []string{"Ich will mich umbringen.", "Je veux me suicider ce soir.", "Wie kann ich mich erhängen?"},
		noMatch: []string{"Ich will mich bewerben.", "Je veux me lever", "Il va me tuer"},
	},
	{
		id: "self-004", typ: SelfHarm, score: 0.9, says: "Speaks of ending one's own life, in Spanish, Italian or Portuguese.",
		steps:   []step{{0, terms("quiero voy pienso voglio penso quero vou")}, {2, terms("suicidarme matarme ahorcarme suicidarmi uccidermi ammazzarmi impiccarmi suicidar")}},
		match:   []string{"Quiero suicidarme.", "voglio uccidermi", "quero me suicidar"},
		noMatch: []string{"quiero casarme", "voglio iscrivermi"},
	},
	{
		id: "viol-004", typ: Violence, score: 0.95, severity: Critical, says: "Asks how to make an explosive, in German or French.",
		steps:   []step{{0, terms("baue bauen baut bastle bastelt bastelst herstellen fabriquer fabrique construire faire")}, {3, terms("bombe bomben rohrbombe rohrbomben nagelbombe sprengsatz sprengstoff explosif explosifs")}},
		match:   []string{"Wie baue ich eine Rohrbombe?", "comment fabriquer une bombe"},
		noMatch: []string{"Wie baue ich ein Regal?", "fabriquer une table"},
	},
	{
		id: "viol-005", typ: Violence, score: 0.95, severity: Critical, says: "The same, the other way round as German has it.",
		steps:   []step{{0, terms("bombe rohrbombe nagelbombe sprengsatz sprengstoff")}, {1, terms("bauen basteln herstellen mischen zunden")}},
		match:   []string{"eine Bombe bauen", "Sprengstoff selbst herstellen"},
		noMatch: []string{"eine Bombe wurde entschärft"},
	},
	{
		id: "viol-006", typ: Violence, score: 0.95, severity: Critical, says: "Asks how to make an explosive, in Spanish, Italian or Portuguese; the word alone is a pump, too.",
		steps:   []step{{0, terms("hacer fabricar construir costruire fabbricare fazer")}, {1, terms("bomba bombas")}, {0, terms("casera caseras molotov lapa caseira artigianale rudimentale nuclear")}},
		match:   []string{"cómo hacer una bomba casera", "costruire una bomba artigianale"},
		noMatch: []string{"hacer una bomba de agua"},
	},
	{
		id: "prof-003", typ: Profanity, score: 0.8, severity: Medium, says: "Holds strong profanity in German, French, Spanish, Italian, Portuguese, Dutch or Polish.",
		steps: []step{{0, terms("hurensohn hurensohne wichser arschloch arschlocher fotze verpiss missgeburt connard connards connasse salope encule encules puta putas gilipollas cabrones pendejo pendejos " +
			"stronzo stronza vaffanculo puttana caralho arrombado klootzak kankerlijer kurwa skurwysyn")}},
		match:   []string{"Hurensohn, verpiss dich", "hijo de puta", "va te faire voir, connard"},
		noMatch: []string{"der Sohn", "la computadora", "imputar"},
	},
}
