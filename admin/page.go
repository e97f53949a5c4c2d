package admin

import (
	"fmt"
	"net/url"
	"sort"
	"strconv"

	"weir/policy/audit"
)

// pageParams are the parameters of every list that comes in pages.
func pageParams() []param {
	return []param{
		{"limit", "query", "most entries of a page", map[string]any{"type": "integer", "minimum": 1, "maximum": audit.MaxRecent, "default": audit.DefaultPage}},
		query("cursor", "where the page before ended: its next"),
	}
}

// limitOf reads how many entries a page has.
func limitOf(v url.Values) (int, error) {
	if !v.Has("limit") {
		return audit.DefaultPage, nil
	}
	n, err := strconv.Atoi(v.Get("limit"))
	if err != nil || n < 1 || n > audit.MaxRecent {
		return 0, errBadQuery(fmt.Sprintf("limit: want a whole number between 1 and %d", audit.MaxRecent))
	}
	return n, nil
}

// paged is a page of a list that is sorted by the names of its entries, and the cursor of the next one. What is put in or taken
// out meanwhile moves nothing.
func paged[T any](list []T, v url.Values, name func(T) string) (page []T, next string, err error) {
	n, err := limitOf(v)
	if err != nil {
		return nil, "", err
	}
	if after := v.Get("cursor"); after != "" {
		list = list[sort.Search(len(list), func(i int) bool { return name(list[i]) > after }):]
	}
	if len(list) > n {
		return list[:n], name(list[n-1]), nil
	}
	return list, "", nil
}
