#include "guest/agent/readiness/probe.h"

#include "guest/agent/readiness/command_probe.h"
#include "guest/agent/readiness/file_probe.h"
#include "guest/agent/readiness/http_probe.h"
#include "guest/agent/readiness/tcp_probe.h"

namespace pyro::agent {

std::unique_ptr<Probe> make_probe(asio::io_context& io, JobTable& jobs,
                                  const api::agent::ProbeJob& request) {
  switch (request.kind) {
    case api::agent::ProbeKind::kFile:
      return std::make_unique<FileProbe>(io, request.target);
    case api::agent::ProbeKind::kTcp:
      return std::make_unique<TcpProbe>(io, Place::parse(request.target));
    case api::agent::ProbeKind::kHttp:
      return std::make_unique<HttpProbe>(io, HttpTarget::parse(request.target));
    case api::agent::ProbeKind::kCommand:
      break;
  }
  return std::make_unique<CommandProbe>(jobs, request);
}

}  // namespace pyro::agent
