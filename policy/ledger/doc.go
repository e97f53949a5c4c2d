// Package ledger is the account of use: what a request may use at most is held before it is forwarded, over all its
// budgets and rates at once or not at all, and what it really used is settled once when it is over.
//
// Start with Ledger, then OpenSQLite and OpenRedis: the two stores it can be on.
//
// # Budgets
//
// A hold is granted only if, in every hard budget, what is settled, overrun and held, and the new amount, stay within the
// limit. So what is settled within holds never passes a limit, however many ask at once. What a provider uses beyond
// its hold is booked as overrun in a column of its own, and counts against the next hold. Periods are those of the
// calendar in the zone of the budget, UTC where it has none, or are counted from its anchor; weeks begin on Monday. A hold belongs to the period of its own time and is settled there, however late.
//
// # Rates
//
// A rate is a sliding window: in no window of its length, wherever it begins, is more than the limit granted. Uses are
// kept at their own moments, where they are at least a part in 1,024 of the limit; smaller ones within a hundredth of the
// window are kept together and count as made at the latest of them, so they can be counted for up to a hundredth of a
// window too long, and never too short. What a rate that refuses says of waiting is exact to that. A clock that goes back
// moves new uses forward to the last one seen. Token rates reserve Hold.Tokens; a settle gives back what was not used,
// and counts what was used beyond it from the moment of the settle.
//
// # Ends
//
// A refused hold burns nothing. Settle charges; Release gives money and reserved tokens back, since nothing was
// delivered, but the request stays counted in request rates: it was admitted. Whichever comes first ends the
// exchange; later ones change nothing. An end that the store could not take is kept and tried again at each beat.
//
// # Crashes
//
// Each process that holds is an owner with a heartbeat. Holds of an owner that has not beaten for a lease are settled by
// rule: the full amount is charged and marked as estimated, since a provider may have served the request and nobody can
// say what it used. A cap is never passed by a crash; a tenant can be charged up to the holds of the exchanges that died.
//
// # Leases
//
// While the store does not answer, HoldLocally admits what a LocalLease bounds and no hard limit covers. It is kept in
// memory and written into the store, once, when that answers again, and counts when it was used. WithJournal keeps it in a file
// meanwhile; without one, what is on a lease when a process is killed is lost.
//
// The package never forgives what was used, never lets an amount become negative, and outside
// a lease never grants without having written the hold durably first.
package ledger
