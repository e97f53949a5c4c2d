package provider_test

import (
	"testing"

	"weir/policy/provider"
)

func TestInward(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "169.254.169.254.", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
		"metadata.google.internal", "Metadata.Google.Internal.", "metadata", "instance-data", "2852039166", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "64:ff9b::a9fe:a9fe",
	} {
		if !provider.Inward(host) {
			t.Errorf("%s passes", host)
		}
	}
	for _, host := range []string{
		"api.openai.com", "10.0.0.1", "127.0.0.1", "localhost", "::1", "8.8.8.8", "169.253.1.1", "metadata.example.com", "1.2.3.4.5", "0b1010", "4294967296", "256.1.1.1", "", "a9fea9fe",
	} {
		if provider.Inward(host) {
			t.Errorf("%s does not pass", host)
		}
	}
}
