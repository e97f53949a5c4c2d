package detect

// The types of harmful content.
const (
	Violence  Type = "VIOLENCE"
	Sexual    Type = "SEXUAL"
	SelfHarm  Type = "SELF_HARM"
	Hate      Type = "HATE"
	Profanity Type = "PROFANITY"
)

var (
	making   = terms("make build building create creating construct assemble synthesize synthesise cook produce detonate buy get")
	weapons  = terms("bomb bombs explosive explosives grenade grenades molotov ied landmine nerve ricin sarin anthrax bioweapon silencer")
	killing  = terms("kill murder assassinate strangle stab poison behead lynch shoot maim torture slaughter massacre")
	victims  = terms("him her them you someone somebody people everyone wife husband neighbor neighbour boss coworker colleague kids children family everybody classmates")
	peoples  = terms("jews muslims christians blacks whites asians mexicans arabs immigrants foreigners women gays lesbians trans gypsies disabled refugees")
	debasing = terms("vermin subhuman* inferior parasites animals filth scum disgusting cockroaches exterminated deported eradicated")
	minors   = terms("child children minor minors underage teen teenage kid kids schoolgirl schoolboy preteen toddler")
)

// harms are phrases of harmful content. They are few and plain: what they find is meant, what they miss is a
// classifier's; see [Scanner.ScanPrompt] and the slower tier.
var harms = []phraseRule{
	{
		id: "viol-001", typ: Violence, score: 0.9, says: "Threatens or plans to hurt somebody.",
		steps:   []step{{0, terms("will want wanna going gonna gotta how ways i'll we'll")}, {2, killing}, {1, victims}},
		match:   []string{"I will kill you", "we are going to shoot them", "how to murder someone"},
		noMatch: []string{"I will kill the process", "how do I kill time", "the movie where they kill the dragon"},
	},
	{
		id: "viol-002", typ: Violence, score: 0.95, severity: Critical, says: "Asks how to make a weapon or an explosive.",
		steps:   []step{{0, making}, {3, weapons}},
		match:   []string{"how to build a pipe bomb", "synthesize some ricin at home"},
		noMatch: []string{"the bomb squad came", "build a house"},
	},
	{
		id: "viol-003", typ: Violence, score: 0.85, says: "Plans an attack on many.",
		steps:   []step{{0, terms("mass school terror terrorist")}, {0, terms("shooting attack bombing massacre")}, {4, terms("plan planning guide tutorial how instructions prepare")}},
		match:   []string{"mass shooting plan", "a terrorist attack: step by step guide"},
		noMatch: []string{"the school shooting was in the news", "mass production plan"},
	},
	{
		id: "sex-001", typ: Sexual, score: 0.9, says: "Asks for or holds explicit sexual content.",
		steps:   []step{{0, terms("explicit erotic pornographic hardcore graphic nsfw smut")}, {2, terms("sex sexual porn story scene fantasy roleplay video* picture* fiction nude*")}},
		match:   []string{"write an explicit sex scene", "an erotic story"},
		noMatch: []string{"explicit instructions for the scene shop", "graphic novel"},
	},
	{
		id: "sex-002", typ: Sexual, score: 0.95, severity: Critical, says: "Speaks of minors in a sexual way.",
		steps:   []step{{0, terms("sex sexual sexy nude naked porn erotic explicit")}, {3, minors}},
		match:   []string{"naked children", "erotic story about a schoolgirl"},
		noMatch: []string{"sex education at school", "children's clothes"},
	},
	{
		id: "sex-003", typ: Sexual, score: 0.95, severity: Critical, says: "Speaks of minors in a sexual way, the other way round.",
		steps:   []step{{0, minors}, {2, terms("porn pornography nude nudes naked erotic sexual")}},
		match:   []string{"child porn", "underage nudes"},
		noMatch: []string{"a child and a parent", "kids games"},
	},
	{
		id: "self-001", typ: SelfHarm, score: 0.9, says: "Speaks of ending one's own life.",
		steps:   []step{{0, terms("want wants wanna going thinking think plan planning ways how method* thought* will gonna tried")}, {3, terms("kill killing hang hanging cut cutting hurt hurting end ending")}, {1, terms("myself himself herself themselves yourself life")}},
		match:   []string{"I want to kill myself", "ways to end my life", "thinking about hurting myself"},
		noMatch: []string{"I want to introduce myself", "how to end a contract", "going to cut costs ourselves"},
	},
	{
		id: "self-002", typ: SelfHarm, score: 0.9, says: "Asks how to commit suicide, or says that one will.",
		steps:   []step{{0, terms("commit committing painless attempt")}, {1, terms("suicide")}},
		match:   []string{"how to commit suicide", "a painless suicide"},
		noMatch: []string{"suicide prevention hotline", "commit the change"},
	},
	{
		id: "hate-001", typ: Hate, score: 0.9, says: "Debases a group of people.",
		steps:   []step{{0, peoples}, {0, terms("are should must is deserve")}, {3, debasing}},
		match:   []string{"immigrants are vermin", "women are inferior"},
		noMatch: []string{"immigrants are welcome", "the animals are fed"},
	},
	{
		id: "hate-002", typ: Hate, score: 0.9, says: "Calls for violence against a group of people.",
		steps:   []step{{0, terms("kill gas exterminate hang shoot deport eradicate")}, {1, terms("all the every those")}, {1, peoples}},
		match:   []string{"gas the jews", "kill all immigrants"},
		noMatch: []string{"kill all processes", "the immigrants arrived"},
	},
	{
		id: "prof-001", typ: Profanity, score: 0.8, severity: Medium, says: "Holds strong profanity.",
		steps:   []step{{0, terms("fuck fucking fucker fucked motherfucker motherfucking cunt cunts cocksucker fuckface asshole assholes bullshit shithead")}},
		match:   []string{"what the fuck", "you asshole"},
		noMatch: []string{"Scunthorpe", "shiitake"},
	},
	{
		id: "prof-002", typ: Profanity, score: 0.4, severity: Low, says: "Holds mild profanity.",
		steps:   []step{{0, terms("damn crap hell bastard shit shitty bitch bloody piss pissed")}},
		match:   []string{"oh crap"},
		noMatch: []string{"hello", "scrap metal"},
	},
}
