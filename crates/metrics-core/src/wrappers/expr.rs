use super::{Pair, PairSummary};
use crate::{Accumulator, BatchOf, Metric, MetricError, SummaryOf, Value};
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

/// A metric to calculate with: [`Metric::expr`] of any metric, and what operators make of it.
///
/// `+`, `-`, `*`, `/`, `%`, [`pow`](Self::pow), `-x` and [`abs`](Self::abs) work between metrics of
/// one batch type and with numbers. One of the operands must be an `Expr` or a metric of this crate; the other may be
/// any metric. If both values are numbers, the result is a number. Otherwise it has an element per class: numbers
/// apply to all classes, and lists must be of equal length. Division by zero follows `f64`. Other values
/// (matrices, curves, lists of data) have no arithmetic: computing them is [`MetricError::WrongValue`]. If a
/// side has no value, the expression has the same error.
///
/// Sides with equal accumulators share one state, as do a whole `2.0 * p * r / (p + r)` and its
/// parts. All states are read in one device read.
///
/// The name is the formula, such as `(precision + recall)`, unless [`named`](Self::named). A formula has no
/// direction (whether larger is better); see
/// [`with_higher_is_better`](Self::with_higher_is_better).
///
/// Reference: TorchMetrics 1.9.0 `CompositionalMetric`. Differences: there `-metric` is `-|metric|` and
/// `+metric` is `|metric|`; operators that only make sense for integers and booleans are left out.
///
/// ```
/// use metrics_core::{
///     Metric, MetricCollection, batch::Binary,
///     classification::{Precision, Recall},
/// };
/// use burn::tensor::{Device, Int, Tensor};
///
/// let (precision, recall) = (Precision::binary(), Recall::binary());
/// let f1 = 2.0 * precision.clone() * recall.clone() / (precision + recall);
///
/// let device = Device::default();
/// let scores = Tensor::<1>::from_floats([0.9, 0.8, 0.2, 0.1], &device);
/// let target = Tensor::<1, Int>::from_ints([1, 0, 1, 0], &device);
/// let mut metrics = MetricCollection::new().with(f1.named("f1"));
/// metrics.update(&Binary::from_scores(scores, target)?)?;
/// assert_eq!(metrics.compute()?.scalar("f1"), Some(0.5));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Expr<M> {
    metric: M,
    name: Option<String>,
    higher_is_better: Option<bool>,
}

impl<M: Metric> Expr<M> {
    pub(crate) fn new(metric: M) -> Self {
        Self {
            metric,
            name: None,
            higher_is_better: None,
        }
    }

    /// The name in reports, and in formulas that contain it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says whether larger is better.
    pub fn with_higher_is_better(mut self, higher_is_better: bool) -> Self {
        self.higher_is_better = Some(higher_is_better);
        self
    }

    /// The absolute value.
    pub fn abs(self) -> Expr<Applied<Self>> {
        self.apply(Function::Abs)
    }

    /// This to the power of a number; 0.5 is the square root.
    pub fn powf(self, exponent: f64) -> Expr<Applied<Self>> {
        self.apply(Function::Left(Op::Pow, exponent))
    }

    /// A number to the power of this.
    pub fn power_of(self, base: f64) -> Expr<Applied<Self>> {
        self.apply(Function::Right(Op::Pow, base))
    }

    /// This to the power of another metric.
    pub fn pow<R: Metric>(self, exponent: R) -> Expr<Combined<Self, R>>
    where
        R::Accumulator: Accumulator<Batch = BatchOf<M>>,
    {
        self.combine(Op::Pow, exponent)
    }

    /// The number of one class, label or output, from 0. If there is no such class, the value is
    /// [`MetricError::WrongValue`].
    pub fn class(self, index: usize) -> Expr<Applied<Self>> {
        self.apply(Function::Class(index))
    }

    fn apply(self, function: Function) -> Expr<Applied<Self>> {
        Expr::new(Applied {
            metric: self,
            function,
        })
    }

    fn combine<R: Metric>(self, op: Op, right: R) -> Expr<Combined<Self, R>>
    where
        R::Accumulator: Accumulator<Batch = BatchOf<M>>,
    {
        Expr::new(Combined {
            left: self,
            op,
            right,
        })
    }
}

impl<M: Metric> Metric for Expr<M> {
    type Accumulator = M::Accumulator;

    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.metric.name())
    }

    fn accumulator(&self) -> M::Accumulator {
        self.metric.accumulator()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, summary: &SummaryOf<M>) -> Result<Value, MetricError> {
        self.metric.finalize(summary)
    }

    fn options(&self) -> String {
        self.metric.options()
    }

    fn higher_is_better(&self) -> Option<bool> {
        self.higher_is_better.or(self.metric.higher_is_better())
    }

    fn is_scalar(&self) -> bool {
        self.metric.is_scalar()
    }
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
}

impl Op {
    fn symbol(self) -> char {
        match self {
            Op::Add => '+',
            Op::Sub => '-',
            Op::Mul => '*',
            Op::Div => '/',
            Op::Rem => '%',
            Op::Pow => '^',
        }
    }

    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Op::Add => left + right,
            Op::Sub => left - right,
            Op::Mul => left * right,
            Op::Div => left / right,
            Op::Rem => left % right,
            Op::Pow => left.powf(right),
        }
    }
}

/// Two metrics and an operator; see [`Expr`].
#[derive(Debug, Clone)]
pub struct Combined<L, R> {
    left: L,
    op: Op,
    right: R,
}

impl<L: Metric, R: Metric> Metric for Combined<L, R>
where
    R::Accumulator: Accumulator<Batch = BatchOf<L>>,
{
    type Accumulator = Pair<L::Accumulator, R::Accumulator>;

    fn name(&self) -> String {
        let (left, right) = (self.left.name(), self.right.name());
        format!("({left} {} {right})", self.op.symbol())
    }

    fn accumulator(&self) -> Self::Accumulator {
        Pair::new(self.left.accumulator(), self.right.accumulator())
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.left.validate()?;
        self.right.validate()
    }

    fn finalize(
        &self,
        summary: &PairSummary<SummaryOf<L>, SummaryOf<R>>,
    ) -> Result<Value, MetricError> {
        let missing = || MetricError::saved("the summary of one side is missing");
        let left = self.left.finalize(summary.left())?;
        let right = self.right.finalize(summary.right().ok_or_else(missing)?)?;
        let (left, right) = (
            Numbers::of(&self.left, &left)?,
            Numbers::of(&self.right, &right)?,
        );
        let op = |left, right| self.op.of(left, right);
        Ok(match (left, right) {
            (Numbers::One(left), Numbers::One(right)) => op(left, right).into(),
            (Numbers::One(left), Numbers::PerClass(right)) => {
                Value::PerClass(right.iter().map(|right| op(left, *right)).collect())
            }
            (Numbers::PerClass(left), Numbers::One(right)) => {
                Value::PerClass(left.iter().map(|left| op(*left, right)).collect())
            }
            (Numbers::PerClass(left), Numbers::PerClass(right)) if left.len() == right.len() => {
                let pairs = left.iter().zip(right);
                Value::PerClass(pairs.map(|(left, right)| op(*left, *right)).collect())
            }
            (Numbers::PerClass(left), Numbers::PerClass(right)) => {
                return Err(MetricError::wrong_value(
                    self.left.name(),
                    format!(
                        "has {} values and `{}` has {}",
                        left.len(),
                        self.right.name(),
                        right.len()
                    ),
                ));
            }
        })
    }

    fn is_scalar(&self) -> bool {
        self.left.is_scalar() && self.right.is_scalar()
    }
}

/// What is done to the value of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Neg,
    Abs,
    Class(usize),
    /// The metric is on the left of a number.
    Left(Op, f64),
    /// The metric is on the right of a number.
    Right(Op, f64),
}

/// A metric and what is done to its value; see [`Expr`].
#[derive(Debug, Clone)]
pub struct Applied<M> {
    metric: M,
    function: Function,
}

impl<M: Metric> Metric for Applied<M> {
    type Accumulator = M::Accumulator;

    fn name(&self) -> String {
        let name = self.metric.name();
        match self.function {
            Function::Neg => format!("-{name}"),
            Function::Abs => format!("|{name}|"),
            Function::Class(class) => format!("{name}[{class}]"),
            Function::Left(op, number) => format!("({name} {} {number})", op.symbol()),
            Function::Right(op, number) => format!("({number} {} {name})", op.symbol()),
        }
    }

    fn accumulator(&self) -> M::Accumulator {
        self.metric.accumulator()
    }

    fn validate(&self) -> Result<(), MetricError> {
        self.metric.validate()
    }

    fn finalize(&self, summary: &SummaryOf<M>) -> Result<Value, MetricError> {
        let value = self.metric.finalize(summary)?;
        let numbers = Numbers::of(&self.metric, &value)?;
        let of = |value: f64| match self.function {
            Function::Neg => -value,
            Function::Abs => value.abs(),
            Function::Class(_) => value,
            Function::Left(op, number) => op.of(value, number),
            Function::Right(op, number) => op.of(number, value),
        };
        match (numbers, self.function) {
            (Numbers::PerClass(values), Function::Class(class)) => match values.get(class) {
                Some(value) => Ok((*value).into()),
                None => Err(MetricError::wrong_value(
                    self.metric.name(),
                    format!("has {} values, and none at {class}", values.len()),
                )),
            },
            (Numbers::One(_), Function::Class(class)) => Err(MetricError::wrong_value(
                self.metric.name(),
                format!("is one number, and has none at {class}"),
            )),
            (Numbers::One(value), _) => Ok(of(value).into()),
            (Numbers::PerClass(values), _) => {
                Ok(Value::PerClass(values.iter().map(|v| of(*v)).collect()))
            }
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self.function, Function::Class(_)) || self.metric.is_scalar()
    }
}

/// What arithmetic is done with.
enum Numbers<'a> {
    One(f64),
    PerClass(&'a [f64]),
}

impl<'a> Numbers<'a> {
    fn of(metric: &impl Metric, value: &'a Value) -> Result<Self, MetricError> {
        let one = value.scalar().map(Numbers::One);
        let numbers = one.or_else(|| value.per_class().map(Numbers::PerClass));
        numbers.ok_or_else(|| {
            let what = "is neither a number nor one per class, so there is no arithmetic on it";
            MetricError::wrong_value(metric.name(), what)
        })
    }
}

impl<M: Metric> Neg for Expr<M> {
    type Output = Expr<Applied<Self>>;

    fn neg(self) -> Self::Output {
        self.apply(Function::Neg)
    }
}

/// The operator between an expression and a metric, and between it and a number.
macro_rules! operator {
    ($($op:ident $method:ident)*) => {$(
        impl<L: Metric, R: Metric> $op<R> for Expr<L>
        where
            R::Accumulator: Accumulator<Batch = BatchOf<L>>,
        {
            type Output = Expr<Combined<Self, R>>;

            fn $method(self, right: R) -> Self::Output {
                self.combine(Op::$op, right)
            }
        }

        impl<L: Metric> $op<f64> for Expr<L> {
            type Output = Expr<Applied<Self>>;

            fn $method(self, right: f64) -> Self::Output {
                self.apply(Function::Left(Op::$op, right))
            }
        }

        impl<R: Metric> $op<Expr<R>> for f64 {
            type Output = Expr<Applied<Expr<R>>>;

            fn $method(self, right: Expr<R>) -> Self::Output {
                right.apply(Function::Right(Op::$op, self))
            }
        }
    )*};
}
operator!(Add add Sub sub Mul mul Div div Rem rem);
