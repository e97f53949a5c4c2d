package ledger

import "time"

// Hold asks for the most an exchange can use, over all its budgets and rates at once, all or nothing.
type Hold struct {
	Exchange string // unique id; a second Hold with the same id returns the first one's grant
	Tenant   string
	At       time.Time
	Amount   int64 // micro-USD, the upper bound
	Least    int64 // micro-USD, the least that a partial hold is worth taking for; at least 1 is assumed
	Tokens   int64 // upper estimate, for token rates
	Budgets  []Budget
	Rates    []Rate
	Note     string // told of the exchange if its process dies; at most NoteBytes, no secret and nothing a client said

	late bool // it has happened At, and the store hears of it now
}

// Grant is the answer to a Hold: whether it was taken, how much is held, and where every budget and rate stands after
// it, in the order they were asked in.
type Grant struct {
	Granted bool
	Amount  int64 // micro-USD held: less than asked for in a partial hold
	Partial bool
	Budgets []BudgetState
	Rates   []RateState
}

// The kinds of lines, by which a settle knows what to book in an account.
const (
	lineMoney   = "m"
	lineFree    = "f" // pays first
	lineSpared  = "s" // pays what the free line does not
	lineCount   = "q" // counts the exchange
	lineCurrent = "x" // counts it while it is open
)

// line is what a hold took of one account.
type line struct {
	account *account
	kind    string
	amount  int64
}

// plan is what a hold comes to, given where its accounts stand.
type plan struct {
	granted bool   // as far as the budgets say
	amount  int64  // to be held
	refused []bool // by budget
	lines   []line // one for each account
}

// plan is the whole arithmetic of granting, of both stores: SQLite runs it within its transaction, and the Redis script
// is its translation, which the model test compares with it.
func (h *Hold) plan(accounts []*account) plan {
	p := plan{granted: true, amount: h.Amount, refused: make([]bool, len(h.Budgets))}
	free := h.free(accounts)
	var short []int // budgets that would admit less
	for i := range h.Budgets {
		b := &h.Budgets[i]
		if b.Soft || b.fits(accountOf(accounts, b.ID), h.Amount, free) {
			continue
		}
		if b.Partial && b.Kind.Money() {
			short = append(short, i)
			p.amount = min(p.amount, b.admits(accountOf(accounts, b.ID), free))
			continue
		}
		p.refused[i], p.granted = true, false
	}
	if p.amount < h.Amount && p.amount < max(h.Least, 1) {
		for _, i := range short {
			p.refused[i] = true
		}
		p.granted = false
	}
	if !p.granted {
		p.amount = h.Amount
	}
	p.lines = h.lines(accounts, p.amount, free)
	return p
}

// credit is the free credit of a hold: what is left of it, and whom it spares.
type credit struct {
	budget *Budget
	left   int64
	scope  string
	there  bool
}

func (h *Hold) free(accounts []*account) credit {
	c := h.sparing()
	if c.there {
		a := accountOf(accounts, c.budget.ID)
		c.left = max(c.budget.Limit-a.used()-a.held, 0)
	}
	return c
}

// sparing is the free credit of a hold before anybody has looked how much is left.
func (h *Hold) sparing() credit {
	for i := range h.Budgets {
		if b := &h.Budgets[i]; b.Kind == Free {
			return credit{budget: b, scope: b.Scope, there: true}
		}
	}
	return credit{}
}

// spares says whether free credit pays before a budget.
func (c credit) spares(b *Budget) bool {
	return c.there && b.Scope == c.scope && (b.Kind == Cap || b.Kind == Credits)
}

// share is what a budget has to take of an amount.
func (b *Budget) share(amount int64, free credit) int64 {
	switch {
	case b.Kind == Quota || b.Kind == Concurrency:
		return 1
	case b.Kind == Free:
		return min(amount, free.left)
	case free.spares(b):
		return max(amount-free.left, 0)
	}
	return amount
}

// fits says whether a budget has room for an amount. What free credit pays whole needs none.
func (b *Budget) fits(a *account, amount int64, free credit) bool {
	switch b.Kind {
	case Call:
		return amount <= b.Limit
	case Free:
		return true
	case Concurrency:
		return a.held+1 <= b.Limit
	}
	share := b.share(amount, free)
	if share == 0 && amount > 0 {
		return true
	}
	return a.used()+a.held+share <= b.Limit
}

// admits is the largest amount that fits.
func (b *Budget) admits(a *account, free credit) int64 {
	room := max(b.Limit-a.used()-a.held, 0)
	if free.spares(b) {
		room += free.left
	}
	return room
}

// lines says what each account takes.
func (h *Hold) lines(accounts []*account, amount int64, free credit) []line {
	out := make([]line, 0, len(accounts))
	for _, a := range accounts {
		for i := range h.Budgets {
			if b := &h.Budgets[i]; b.ID == a.id && b.Kind != Call {
				out = append(out, line{account: a, kind: b.line(free), amount: b.share(amount, free)})
				break
			}
		}
	}
	return out
}

func (b *Budget) line(free credit) string {
	switch {
	case b.Kind == Free:
		return lineFree
	case b.Kind == Quota:
		return lineCount
	case b.Kind == Concurrency:
		return lineCurrent
	case free.spares(b):
		return lineSpared
	}
	return lineMoney
}

// grant tells where everything stands. The accounts are as they were before the hold, where it was taken just now, and
// otherwise as they are; taken says by how much each has risen since.
func (h *Hold) grant(p plan, accounts []*account, rates []RateState, granted, taken bool) Grant {
	g := Grant{Granted: granted, Rates: rates}
	if granted {
		g.Amount, g.Partial = p.amount, p.amount < h.Amount
	}
	free := h.free(accounts)
	for i := range h.Budgets {
		b := &h.Budgets[i]
		s := BudgetState{Budget: *b, Refused: !granted && p.refused[i]}
		_, s.ResetAt, _ = b.period(h.At)
		if a := accountOf(accounts, b.ID); a != nil {
			share := b.share(p.amount, free)
			s.Spent, s.Held = a.used(), a.held
			if taken {
				s.Held += share
			}
			asked := int64(0)
			if !granted {
				asked = share
			}
			s.Over = b.Soft && s.Spent+s.Held+asked > b.Limit
		}
		g.Budgets = append(g.Budgets, s)
	}
	return g
}
