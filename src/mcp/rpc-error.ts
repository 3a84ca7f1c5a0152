/**
 * An HTTP answer that carries a JSON-RPC error without an id, for requests that never reach a protocol server.
 *
 * @param status HTTP status, as the transport specification names it (MCP 2026-07-28, Streamable HTTP)
 * @param code JSON-RPC error code
 */
export function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })
}
