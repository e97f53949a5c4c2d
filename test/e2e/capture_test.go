package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"weir/cmd/extproc/config"
)

// What a tenant has captured is kept redacted, sealed, and read by an admin alone; of others nothing is.
func TestContentIsCapturedWhereATenantWantsIt(t *testing.T) {
	cast, err := newCast()
	if err != nil {
		t.Fatal(err)
	}
	settings := kinds()[plain].Settings
	for id, c := range map[string]config.Capture{"keeps": {Request: true, Answer: true}, "keeps-whole": {Request: true, Answer: true, Whole: true}} {
		if err := cast.add(config.Tenant{ID: id, Dialect: "dvara", Settings: settings, Capture: c}); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("WEIR_TEST_ADMIN", adminToken)
	operator := strings.Repeat("o", 40)
	cast.alter = func(f *config.File) {
		f.Admin.Token = config.Reference{Env: "WEIR_TEST_ADMIN"}
		f.Admin.Tokens = []config.AdminToken{{Name: "op", SHA256: hashed(operator), Role: "operator"}}
	}
	s, err := raiseFor(cast, true)
	onEnvoy(t, err)
	t.Cleanup(s.close)
	timed(t)
	ask2 := func(token, trace string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, "http://"+s.weir.AdminAddr().String()+"/v1/trail/"+trace+"/content", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	for _, more := range []string{"", streaming} {
		for tenant, want := range map[string]struct {
			status int
			texts  []string
			not    string
		}{
			"keeps":            {200, []string{"the heron writes to [EMAIL", "I wrote to [EMAIL"}, address},
			"keeps-whole":      {200, []string{"the heron writes to " + address, "I wrote to " + address}, "[EMAIL"},
			of(plain, "dvara"): {404, nil, "heron"},
		} {
			trace := newTrace()
			s.answerOf(t, trace, "I wrote to "+address+" today.", more != "")
			s.do(t, call{key: tenant, body: ask("scripted", "the heron writes to "+address, more), trace: trace})
			rec := s.record(t, trace)
			text, _ := json.Marshal(rec)
			if strings.Contains(string(text), "heron") || strings.Contains(string(text), address) {
				t.Errorf("%s: content is in the record: %s", tenant, text)
			}
			sampled := len(rec.Findings) > 0 && strings.HasPrefix(rec.Findings[0].Sample, "j***")
			if sampled != (want.status == 200) {
				t.Errorf("%s%s: findings %+v", tenant, more, rec.Findings)
			}
			status, body := ask2(adminToken, trace)
			if status != want.status || strings.Contains(body, want.not) {
				t.Errorf("%s%s: %d %s", tenant, more, status, body)
			}
			for _, w := range want.texts {
				if !strings.Contains(body, w) {
					t.Errorf("%s%s: %q is not in %s", tenant, more, w, body)
				}
			}
			if status, body := ask2(operator, trace); status != http.StatusForbidden {
				t.Errorf("an operator reads it: %d %s", status, body)
			}
		}
	}
	if logs := s.logs.String(); strings.Contains(logs, "heron") || !strings.Contains(logs, "captured content was read") {
		t.Error("the log does not say who read, or says what")
	}
}

// hashed is a token as the configuration has it.
func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
