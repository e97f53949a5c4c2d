package main

import (
	"math"
	"math/rand/v2"

	"weir/policy/detect/classify"
)

// linear is a model in training.
type linear struct {
	weights []float32
	bias    float32
}

func (m *linear) logit(f classify.Features) float32 {
	var sum float32
	for _, b := range f {
		sum += m.weights[b]
	}
	return m.bias + sum/float32(math.Sqrt(float64(len(f))+classify.Damp))
}

// finder finds the window of a text that looks most like an attack.
type finder struct {
	sums []float32 // before each feature of the text
}

// best is that window, and its logit. No window at all is as unlike an attack as can be.
func (f *finder) best(m *linear, s *sample) (best classify.Range, logit float32) {
	f.sums = append(f.sums[:0], 0)
	var sum float32
	for _, b := range s.read.Features {
		sum += m.weights[b]
		f.sums = append(f.sums, sum)
	}
	logit = float32(math.Inf(-1))
	for _, w := range s.read.Windows {
		n := w.To - w.From
		if l := m.bias + (f.sums[w.To]-f.sums[w.From])/float32(math.Sqrt(float64(n)+classify.Damp)); l > logit {
			best, logit = w, l
		}
	}
	return best, logit
}

const (
	epochs  = 8
	settled = 3 // epochs before those whose mean is the model
	rate    = 0.3
	decay   = 1e-4
	keep    = 154  // of 256 of a window's features, at random, in each step
	enough  = 0.01 // a gradient that is less changes nothing
)

// fitter is a model and what training it needs.
type fitter struct {
	*linear
	mean     *linear // over the epochs that count
	grads    []float32
	biasGrad float32
	rng      *rand.Rand
	spare    classify.Features
	finder
}

// fit trains a logistic regression with AdaGrad. Of a text that is an attack only the window that looks most like one is
// one (the first pass takes all); of any other every window is none.
func fit(samples []sample) *linear {
	f := &fitter{
		linear:   &linear{weights: make([]float32, classify.Buckets)},
		mean:     &linear{weights: make([]float32, classify.Buckets)},
		grads:    make([]float32, classify.Buckets),
		biasGrad: 1,
		rng:      rand.New(rand.NewPCG(3, 5)),
	}
	order := f.rng.Perm(len(samples))
	for epoch := range epochs {
		f.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			f.learn(&samples[i], epoch)
		}
		if epoch >= settled {
			f.keepMean(epoch - settled + 1)
		}
	}
	return f.mean
}

// keepMean takes the weights at the end of the n-th settled epoch into their mean.
func (f *fitter) keepMean(n int) {
	share := 1 / float32(n)
	for i, w := range f.weights {
		f.mean.weights[i] += (w - f.mean.weights[i]) * share
	}
	f.mean.bias += (f.bias - f.mean.bias) * share
}

// learn takes one text in.
func (f *fitter) learn(s *sample, epoch int) {
	if len(s.read.Windows) == 0 {
		return
	}
	if s.label == 1 && epoch > 0 || epoch > 2 {
		w, _ := f.best(f.linear, s)
		f.step(f.thin(s.read.Features[w.From:w.To]), float32(s.label), s.weight)
		return
	}
	weight := s.weight / float32(math.Sqrt(float64(len(s.read.Windows))))
	for _, w := range s.read.Windows {
		f.step(f.thin(s.read.Features[w.From:w.To]), float32(s.label), weight)
	}
}

// thin leaves out features at random, so that no text is known by a few of its own.
func (f *fitter) thin(all classify.Features) classify.Features {
	f.spare = f.spare[:0]
	var bits uint64
	for i, b := range all {
		if i%8 == 0 {
			bits = f.rng.Uint64()
		}
		if bits&0xff < keep {
			f.spare = append(f.spare, b)
		}
		bits >>= 8
	}
	return f.spare
}

// step moves the weights against the gradient of one window.
func (f *fitter) step(x classify.Features, label, weight float32) {
	p := 1 / (1 + float32(math.Exp(-float64(f.logit(x)))))
	g := (p - label) * weight
	if g > -enough && g < enough {
		return
	}
	each := g / float32(math.Sqrt(float64(len(x))+classify.Damp))
	for _, b := range x {
		d := each + decay*f.weights[b]
		f.grads[b] += d * d
		f.weights[b] -= rate * d / (float32(math.Sqrt(float64(f.grads[b]))) + 0.1)
	}
	f.biasGrad += g * g
	f.bias -= rate * g / float32(math.Sqrt(float64(f.biasGrad)))
}
