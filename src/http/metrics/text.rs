//! The text format of Prometheus, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::list::{METRICS, Metric};

/// Values, by metric.
#[derive(Debug, Default)]
pub struct Text(BTreeMap<&'static str, String>);

impl Text {
    /// A value; the labels in the order of the list.
    pub fn add(&mut self, metric: &Metric, labels: &[&str], value: impl Display) {
        self.line(metric, "", &pairs(metric, labels), value);
    }

    /// A histogram: how many took at most so many seconds, for each bound, then how many and how long in all.
    pub fn add_histogram(
        &mut self,
        metric: &Metric,
        labels: &[&str],
        buckets: impl Iterator<Item = (f64, u64)>,
        (count, sum): (u64, f64),
    ) {
        let pairs = pairs(metric, labels);
        let limits = buckets.map(|(bound, upto)| (bound.to_string(), upto)).chain([("+Inf".to_owned(), count)]);
        for (bound, upto) in limits {
            let mut with_bound = pairs.clone();
            with_bound.push(format!("le=\"{bound}\""));
            self.line(metric, "_bucket", &with_bound, upto);
        }
        self.line(metric, "_sum", &pairs, sum);
        self.line(metric, "_count", &pairs, count);
    }

    fn line(&mut self, metric: &Metric, suffix: &str, pairs: &[String], value: impl Display) {
        let lines = self.0.entry(metric.name).or_default();
        let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{}{suffix}{labels} {value}", metric.name);
    }

    /// All of it. A metric without a value is named all the same.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for metric in METRICS {
            let help = metric.help.replace('\\', "\\\\");
            let _ = write!(text, "# HELP {0} {help}\n# TYPE {0} {1}\n", metric.name, metric.kind);
            text.push_str(self.0.get(metric.name).map_or("", String::as_str));
        }
        text
    }
}

fn pairs(metric: &Metric, values: &[&str]) -> Vec<String> {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    metric.labels.iter().zip(values).map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
