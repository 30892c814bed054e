#pragma once

#include <string_view>

namespace pyro::gate::dns {

/// Names that mean something of the host or its network alone: single labels, `.local`, reverse
/// zones of private addresses. The resolvers of the host are not asked for them.
bool is_local_name(std::string_view name);

}  // namespace pyro::gate::dns
