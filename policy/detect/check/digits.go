package check

// Functions that take d want the values of digits, 0 to 9, and as many of them as their comment says.

// Luhn is the check of ISO/IEC 7812-1, annex B, over any number of digits.
func Luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// The tables of the dihedral group that Verhoeff's check is made of.
var (
	verhoeffTimes = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
		{3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
		{9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	verhoeffPlace = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
		{8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
		{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// Verhoeff is J. Verhoeff's check of 1969 over any number of digits.
func Verhoeff(d []byte) bool {
	c := byte(0)
	for i := range d {
		c = verhoeffTimes[c][verhoeffPlace[i%8][d[len(d)-1-i]]]
	}
	return c == 0
}

// Mod1110 is the check of ISO/IEC 7064, MOD 11,10.
func Mod1110(d []byte) bool {
	p := 10
	for _, v := range d[:len(d)-1] {
		s := (int(v) + p) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return (p+int(d[len(d)-1]))%10 == 1
}

// weighted is the sum of digits, each times its weight.
func weighted(d []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]) * w
	}
	return sum
}

// number is the value of digits, at most 18 of them.
func number(d []byte) int64 {
	var n int64
	for _, v := range d {
		n = n*10 + int64(v)
	}
	return n
}

// same says whether all digits are equal: test numbers that pass many checks.
func same(d []byte) bool {
	for _, v := range d[1:] {
		if v != d[0] {
			return false
		}
	}
	return true
}

// date says whether there is such a day in some year.
func date(month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && !(month == 2 && day > 29) &&
		!(day == 31 && (month == 4 || month == 6 || month == 9 || month == 11))
}

func two(d []byte, i int) int { return int(d[i])*10 + int(d[i+1]) }
