-- What Weir left for one attempt: path, place and value of the credential, and the model's name, set absolutely, since
-- what an attempt changes is still there in the next. The body is always the one Weir sent. Nothing but h may be used
-- after h:body(), which waits.
local function prepare(h)
  local hs, meta = h:headers(), h:streamInfo():dynamicMetadata()
  local n = hs:get("x-weir-attempt")
  local e = meta:get("weir.route")[n]
  local secret = e.credential or hs:get("x-weir-credential-" .. n)
  local again = e.used and meta:get("weir.attempts").last == n -- an order of one: what was put in is still there
  if (e.due or e.used) and not secret and not again then error("no credential") end
  hs:replace(":path", e.path)
  hs:replace("content-length", tostring(e.length))
  if secret then hs:replace(e.header, (e.scheme or "") .. secret) end
  if e.credential then -- metadata outlives the request, and some access logs print it
    e.credential, e.used = nil, true
    meta:set("weir.route", n, e)
  end
  meta:set("weir.attempts", n, "sent")
  meta:set("weir.attempts", "last", n)
  if e.model then
    local body = h:body()
    local after = e.off + e.replaced
    body:setBytes(body:getBytes(0, e.off) .. e.model .. body:getBytes(after, body:length() - after))
  end
end

-- A request that nothing was left for does not go out.
function envoy_on_request(h)
  if not pcall(prepare, h) then
    h:respond({[":status"] = "503"}, "")
  end
end

function envoy_on_response(h)
  local n = h:headers():get("x-weir-attempt")
  if n then
    local became, after = h:headers():get(":status"), h:headers():get("retry-after")
    if after then became = became .. " " .. after:sub(1, 40) end
    h:streamInfo():dynamicMetadata():set("weir.attempts", n, became)
  end
end
