package policy

import "context"

// DecideAfresh is Decide with nothing remembered: every document of the policies is evaluated.
func (p *Program) DecideAfresh(ctx context.Context, f *Facts) Decision {
	return p.decide(ctx, f, how{afresh: true})
}
