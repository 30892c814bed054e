#pragma once

#include <memory>

#include "guest/agent/readiness/connecting.h"
#include "guest/agent/readiness/probe.h"

namespace pyro::agent {

/// Ready when the place takes a connection.
class TcpProbe : public Probe {
 public:
  TcpProbe(asio::io_context& io, Place place) : io_(io), place_(std::move(place)) {}
  ~TcpProbe() override;
  void look(Found found) override;
  bool is_free() const override { return true; }

 private:
  asio::io_context& io_;
  Place place_;
  std::shared_ptr<Connecting> connecting_;
};

}  // namespace pyro::agent
