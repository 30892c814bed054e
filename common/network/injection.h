#pragma once

#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/network.h"
#include "common/base/unique_fd.h"
#include "common/certificates/authority.h"

namespace pyro::network {

/// A secret that goes to hosts of its own: the guest has the placeholder.
struct InjectedSecret {
  std::vector<std::string> hosts;
  std::string placeholder;
  api::Bytes value;

  template <class Fields>
  static void describe(Fields& f) {
    f("hosts", &InjectedSecret::hosts, "Names, in lower case.", api::kRequired);
    f("placeholder", &InjectedSecret::placeholder, "What the guest has.", api::kRequired);
    f("value", &InjectedSecret::value, "What goes out.", api::kRequired);
  }
};

/// What a gate needs to put secrets into requests. It comes with the order as a descriptor of a
/// file in memory: no argument, variable, record or log has it.
struct Injection {
  std::vector<InjectedSecret> secrets;
  CertificateAuthority authority;
  std::vector<std::string> roots;

  template <class Fields>
  static void describe(Fields& f) {
    f("secrets", &Injection::secrets, "Each with its hosts.", api::max_length(64));
    f("authority", &Injection::authority, "That the guest trusts for these hosts.");
    f("roots", &Injection::roots, "Certificates that the host trusts, as PEM.",
      api::max_length(1024));
  }
};

/// A file in memory that holds it, sealed.
UniqueFd file_of(const Injection& injection);
/// invalid_argument: it holds none.
Injection injection_in(int file);

}  // namespace pyro::network
