package envoy

// Names that Weir and Envoy agree on. Headers under HeaderPrefix are Weir's own: Envoy strips them from clients,
// and Weir overwrites, never appends.
const (
	HeaderPrefix = "x-weir-"
	// RouteHeader chooses the cluster (an order of providers) for a request.
	RouteHeader = "x-weir-route"
	// MetadataNamespace is where Weir leaves bodies for failures it cannot answer any more.
	MetadataNamespace = "weir"
	// RouteNamespace is where Weir leaves what each attempt of an order is to be sent as, by its number.
	RouteNamespace = "weir.route"
	// AttemptsNamespace is where Envoy keeps what became of each attempt, by its number: the status, or "sent".
	AttemptsNamespace = "weir.attempts"
	// AttemptLog is the name of the log that tells Weir of attempts that failed, and AttemptTag what says there which one of its
	// order each was.
	AttemptLog = "weir.attempts"
	AttemptTag = "attempt"
	// ChainNamespace is where Weir marks a request that it governs, for a second one in the same chain to find.
	ChainNamespace = "weir.chain"
	// HintNamespace is where Weir leaves what a mesh that routes by itself may route by.
	HintNamespace = "weir.hint"
	// FilterName is the ext_proc filter's name in the chain.
	FilterName = "envoy.filters.http.ext_proc"
	// DetailsPrefix starts the response_code_details of each of Weir's own answers.
	DetailsPrefix = "weir_"
	// ExtProcCluster is the cluster of the ext_proc server.
	ExtProcCluster = "weir"
	// RoutePrefix starts the name of every cluster that leads to a provider.
	RoutePrefix = "order-"
)
