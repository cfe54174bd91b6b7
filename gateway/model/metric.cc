#include "gateway/model/metric.h"

namespace gateway {

uint32_t StepsPerBel(const Decimal& resolution) {
  const std::string text = resolution.ToString();
  return text == "1" ? 10 : text == "0.1" ? 100 : text == "0.01" ? 1000 : 0;
}

}  // namespace gateway
