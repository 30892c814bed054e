#include "guest/agent/readiness/tcp_probe.h"

namespace pyro::agent {

TcpProbe::~TcpProbe() {
  if (connecting_) connecting_->cancel();
}

void TcpProbe::look(Found found) {
  connecting_ = std::make_shared<Connecting>(io_, place_, [this, found](const std::string& why) {
    connecting_->cancel();
    found(why);
  });
  connecting_->start();
}

}  // namespace pyro::agent
