package surface

// deployment is the model of a request whose path names it, as Azure's do; empty: the body names it.
type deployment struct{ name string }

// readModel reads the model. What the body says beside a deployment is of no effect at the vendor.
func (d deployment) readModel(t *tape, r *Request) *Refusal {
	if d.name == "" {
		return readModel(t, r)
	}
	if m, ok := t.member(0, "model"); ok {
		if t.nodes[m].kind != str {
			return invalid("model", "must be a string")
		}
		r.ModelAt = t.span(m)
	}
	r.Model = d.name
	return modelName(d.name)
}
