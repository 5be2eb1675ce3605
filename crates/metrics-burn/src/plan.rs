//! What a log policy comes to: the values that Burn sees, of which metric and under which name.

use crate::{LogPolicy, Logged, Select, SplitKind};
use metrics_core::{MetricError, MetricInfo};
use std::collections::{HashMap, HashSet};

/// A change of the log policy of some metrics in some splits.
pub(crate) type Rule = (Select, Box<dyn Fn(LogPolicy) -> LogPolicy>);

/// The splits a plugin can be registered for.
pub(crate) const SPLITS: [SplitKind; 3] = [SplitKind::Train, SplitKind::Valid, SplitKind::Test(0)];

/// What is logged in one split.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub split: SplitKind,
    pub metrics: Vec<Planned>,
}

/// When a view shows a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Steps,
    Epochs,
    Nothing,
}

/// What is logged of one metric in one split.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub info: MetricInfo,
    pub policy: LogPolicy,
    /// The names under which Burn sees the metric.
    pub names: Vec<(String, Shows)>,
}

impl Planned {
    /// The steps that log and how far back their value reaches (none: to the start of the epoch).
    pub fn steps(&self) -> Option<(usize, Option<usize>)> {
        let interval = self.policy.on_step.interval()?;
        (self.info.is_scalar).then(|| (interval, self.policy.step_value.reach()))
    }
}

impl Plan {
    /// The name under which Burn knows a metric's value per epoch.
    pub fn epoch_name(&self, metric: &str) -> Result<&str, MetricError> {
        let planned = self.metrics.iter().find(|p| p.info.name == metric);
        let known = || self.metrics.iter().map(|planned| planned.info.name.clone());
        let planned = planned.ok_or_else(|| MetricError::unknown_name(metric, known()))?;
        let name = planned.names.iter().find(|(_, s)| *s == Shows::Epochs);
        match name {
            Some((name, _)) if planned.info.is_scalar => Ok(name),
            _ => Err(MetricError::InvalidOption(format!(
                "`{metric}` has no number per epoch in {}: its value is not one number, or `on_epoch(false)` keeps \
                 it out of the log",
                self.split.name()
            ))),
        }
    }

    /// How values of epochs are logged.
    pub fn logged(&self) -> Vec<Logged> {
        let logged = self.metrics.iter().filter_map(|planned| {
            let (name, _) = planned.names.iter().find(|(_, s)| *s == Shows::Epochs)?;
            Some(Logged {
                metric: planned.info.name.clone(),
                name: name.clone(),
                percent: planned.info.is_scalar && planned.policy.percent,
                unit: planned
                    .policy
                    .shown_unit()
                    .filter(|_| planned.info.is_scalar),
            })
        });
        logged.collect()
    }
}

/// The plan of every split. Later rules override earlier ones.
pub(crate) fn plans(metrics: &[MetricInfo], rules: &[Rule]) -> Result<Vec<Plan>, MetricError> {
    let known = |name: &String| metrics.iter().any(|info| info.name == *name);
    for name in rules.iter().flat_map(|(select, _)| &select.names).flatten() {
        if !known(name) {
            let known = metrics.iter().map(|info| info.name.clone());
            return Err(MetricError::unknown_name(name, known));
        }
    }
    let mut plans: Vec<Plan> = SPLITS
        .map(|split| {
            let planned = metrics.iter().map(|info| {
                let rules = rules.iter().filter(|(s, _)| s.covers(&info.name, split));
                let policy = rules.fold(LogPolicy::default(), |policy, (_, change)| change(policy));
                policy.check()?;
                Ok(Planned {
                    info: info.clone(),
                    policy,
                    names: Vec::new(),
                })
            });
            let metrics = planned.collect::<Result<_, MetricError>>()?;
            Ok(Plan { split, metrics })
        })
        .into_iter()
        .collect::<Result<_, MetricError>>()?;
    // Names fork in all splits or in none, so that the curves of a metric lie over each other.
    for i in 0..metrics.len() {
        let fork = plans.iter().any(|plan| {
            let planned = &plan.metrics[i];
            planned.steps().is_some() && !planned.policy.skip_epoch
        });
        for plan in &mut plans {
            let planned = &mut plan.metrics[i];
            planned.names = names(planned, fork);
        }
    }
    refuse_collisions(&plans)?;
    Ok(plans)
}

fn names(planned: &Planned, fork: bool) -> Vec<(String, Shows)> {
    let LogPolicy {
        prefix, postfix, ..
    } = &planned.policy;
    let name = format!("{prefix}{}{postfix}", planned.info.name);
    let forked = |end| {
        if fork {
            format!("{name}{end}")
        } else {
            name.clone()
        }
    };
    let mut names = Vec::new();
    if planned.steps().is_some() {
        names.push((forked("_step"), Shows::Steps));
    }
    if !planned.policy.skip_epoch {
        names.push((forked("_epoch"), Shows::Epochs));
    }
    names
}

/// The bytes of a file's name that `.log` leaves of 255.
const LONGEST_NAME: usize = 251;

/// Burn identifies metrics by name, across splits, and its file logger makes a file of each.
fn refuse_collisions(plans: &[Plan]) -> Result<(), MetricError> {
    let mut taken: HashMap<String, &Planned> = HashMap::new();
    for plan in plans {
        let mut here = HashSet::new();
        for planned in &plan.metrics {
            for (name, _) in &planned.names {
                if name.is_empty() || name.contains(['/', '\\', '\0', '\n']) {
                    return Err(MetricError::InvalidOption(format!(
                        "the name `{}`: Burn makes a file of each name, so it must not be empty \
                         or hold a slash, a backslash or a line break",
                        name.escape_debug()
                    )));
                }
                if name.len() > LONGEST_NAME {
                    return Err(MetricError::InvalidOption(format!(
                        "the name `{name}` has {} bytes; Burn makes a file of it, so it has at most \
                         {LONGEST_NAME}",
                        name.len()
                    )));
                }
                // Some file systems do not tell case apart.
                let file = name.replace(' ', "_").to_lowercase();
                let elsewhere = taken.insert(file.clone(), planned);
                let other = elsewhere.filter(|other| other.info.name != planned.info.name);
                if other.is_some() || !here.insert(file) {
                    return Err(MetricError::DuplicateName(name.clone()));
                }
                let unit =
                    |planned: &Planned| (planned.policy.percent, planned.policy.shown_unit());
                if elsewhere.is_some_and(|other| unit(other) != unit(planned)) {
                    return Err(MetricError::InvalidOption(format!(
                        "`{name}` has another unit in another split, and Burn knows one for a name; \
                         give one of them a prefix"
                    )));
                }
            }
        }
    }
    Ok(())
}
