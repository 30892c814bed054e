#pragma once

#include <string_view>

namespace pyro::image {

/// /etc/profile and /root/.profile of an environment. Each command of a guest is a login shell.
/// They have the effect of Debian's, but bash starts no process for them: Debian's ask id(1) for
/// the user and call mesg(1) without a terminal too, and that takes longer than most commands.
inline constexpr std::string_view kSystemProfile =
    R"sh(# /etc/profile: for login shells of bash and sh.

# bash knows its user; other shells ask.
if [ "${EUID-$(id -u)}" -eq 0 ]; then
  PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
else
  PATH="/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
fi
export PATH

if [ "${PS1-}" ]; then
  if [ "${BASH-}" ] && [ "$BASH" != "/bin/sh" ]; then
    # It sets PS1.
    if [ -f /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi
  elif [ "${EUID-$(id -u)}" -eq 0 ]; then
    PS1='# '
  else
    PS1='$ '
  fi
fi

if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r "$i" ]; then
      . "$i"
    fi
  done
  unset i
fi
)sh";

inline constexpr std::string_view kRootProfile = R"sh(# ~/.profile: for login shells of bash and sh.

if [ "${BASH-}" ] && [ -f ~/.bashrc ]; then
  . ~/.bashrc
fi

# Messages come to terminals only.
if [ -t 0 ]; then
  mesg n 2> /dev/null || true
fi
)sh";

}  // namespace pyro::image
