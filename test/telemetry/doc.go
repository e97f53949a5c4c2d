// Package telemetry holds the shipped dashboards and rules to what Weir really measures.
//
// It never starts anything but a Weir, and never changes what it checks.
package telemetry
