#pragma once

/// Marks the part of the client library that other programs see. The build hides all else.
#define PYRO_API __attribute__((visibility("default")))
