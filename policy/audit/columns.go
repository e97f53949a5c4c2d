package audit

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// columnNames are the columns of a row, in their order.
func columnNames() []string {
	t := reflect.TypeFor[row]()
	out := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("parquet"), ",")
		out = append(out, name)
	}
	return out
}

// columnValues are the values of a row, in the order of its columns.
func columnValues(r row) []string {
	v := reflect.ValueOf(r)
	out := make([]string, 0, v.NumField())
	for i := range v.NumField() {
		if at, ok := v.Field(i).Interface().(time.Time); ok {
			out = append(out, at.Format("2006-01-02T15:04:05.000Z07:00"))
			continue
		}
		out = append(out, fmt.Sprint(v.Field(i).Interface()))
	}
	return out
}
