"""moto, patched to keep the rules of AWS that a release depends on.

moto proves the order of calls. It does not check revisions, weights, versions, guards or deletions of Lambda, starts
alarms as OK, leaves CodeDeploy deployments at "Created" for ever, invokes functions in containers only, and does not
speak the protocol of today's CloudWatch SDKs. Each module here repairs one of these, and cites the rule:

    aliases      CreateAlias, UpdateAlias, ListAliases
    versions     UpdateFunctionCode, PublishVersion, ListVersionsByFunction, DeleteFunction
    alarms       CloudWatch's alarms
    cbor         Smithy RPC v2 with CBOR, to and from moto's JSON
    deployments  CodeDeploy for Lambda
    invocations  Invoke: a scripted answer, or a real Lambda binary behind a Runtime API
    door         what every call passes: the rate limit, faults that a test orders, the record of calls
    desk         /strict/…: where a test sets the account up and looks at it
    machines     Step Functions: runs a state machine, tells what its tasks gave
"""
