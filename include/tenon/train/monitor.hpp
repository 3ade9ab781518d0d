#pragma once

namespace tenon {

/// Whether less or more of a figure of the history is better. automatic goes by the words of its
/// name, which underscores divide: less is better where one of them is loss, error, perplexity,
/// mse, mae, rmse, mape or seconds, more is better elsewhere.
enum class MonitorMode { automatic, min, max };

}  // namespace tenon
