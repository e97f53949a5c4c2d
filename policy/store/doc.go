// Package store keeps the one SQLite file of an embedded Weir: it opens it, migrates it, and commits to it. Tenants,
// ledger and trail are its users, and each knows its own tables; the statements that make those tables stand here, in
// migrations, so that the file has one history. Redis, which several Weirs share, is the other store: the connection
// stands here, and its users know their own keys.
//
// Start with Open, then Store.Write, the only way in for a change: all that is waiting is run in one transaction and
// committed with one sync of the disk. That is what durable means here: when Write returns nil, the change is in the
// write-ahead log and the operating system has been told to put it on the disk (WAL with synchronous=FULL), so it
// outlives the death of the process and of the machine, as far as the disk does not lie about its cache.
//
// What changes of one group read they may keep in memory, until somebody else commits: Store.Join and Group.
//
// A store that fails or does not answer is left alone for a moment after a few tries: what is asked of it meanwhile is
// ErrDown at once.
//
// A second process may have the same file open. Its changes are seen by Read at once and noticed by DataVersion.
//
// The package never runs a statement outside of a transaction of its own, never undoes a migration, never changes a file
// that is another program's, and never puts what is stored into an error.
package store
