#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "guest/agent/files/files_service.h"

namespace pyro::agent::files {

/// One connection to the files port: handles requests one by one, in blocking calls on the caller's
/// thread. Cuts off a host after an invalid frame.
class FilesConnection {
 public:
  FilesConnection(int socket, Workspace& workspace);

  /// Returns once the host is gone.
  void serve();

 private:
  void answer(const link::Frame& request);
  void refuse(const Error& error);
  void send(link::FrameType type, std::string_view body);
  void send(std::string_view bytes, int flags);

  const int socket_;
  Workspace& workspace_;
  FilesService service_;
  bool gone_ = false;
};

}  // namespace pyro::agent::files
