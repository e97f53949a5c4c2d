// Package sink takes the trail to where else it is wanted, record by record, in its order.
//
// Start reading at Feed.Run. The trail's own file is what waits for a sink that is slow or away: a feed reads behind the last
// record that arrived, hands over a batch, and writes down how far it is. So nothing is copied, nothing is lost when the process
// ends in whatever way, and what arrives twice after a kill is at most one batch (a Stream takes each record once).
//
// A feed never keeps an exchange waiting, never passes over a record silently: one that falls behind its bound says how many it
// leaves out. It never decides what is worth sending.
package sink
