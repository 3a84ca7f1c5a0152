/**
 * An HTTP answer that carries a JSON-RPC error, for requests that never reach a protocol server.
 *
 * @param status HTTP status, as the transport specification names it (MCP 2026-07-28, Streamable HTTP)
 * @param code JSON-RPC error code
 * @param id of the request, where it could be read
 */
export function rpcError(
  status: number,
  code: number,
  message: string,
  id: string | number | null = null,
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id }, { status })
}
