#pragma once

#include <csignal>
#include <filesystem>
#include <stop_token>

namespace pyro::vm {

/// Ends a shim and its VMM at once, without a word to the guest.
inline constexpr int kEndAtOnce = SIGUSR1;
/// Has a shim serve its link at the path of its machine, as the machine's directory is named now:
/// the socket has vanished.
inline constexpr int kServeAgain = SIGUSR2;

/// Has the guest flush its disks and power off; returns once `ended_fd` is readable, the pidfd of
/// its VMM or shim. kDeadlineExceeded, kUnavailable: it has not by itself.
void power_off_guest(const std::filesystem::path& link_socket, int ended_fd,
                     const std::stop_token& stop = {});

}  // namespace pyro::vm
