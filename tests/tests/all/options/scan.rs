//! The builder methods and constructors that the library's source has, by metric.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The folders that hold metrics and wrappers.
const DOMAINS: [&str; 9] = [
    "classification",
    "regression",
    "aggregation",
    "retrieval",
    "clustering",
    "nominal",
    "text",
    "wrappers",
    "intervals",
];

/// What is public in these folders beside metrics: an accumulator, and what rules of retrieval take.
const NO_METRICS: [&str; 2] = ["Pair", "Groups"];

/// Stands for a rule whose multilabel form does not compile.
const NO_LABELS: &str = "no multilabel form";

/// The tasks, each with the constructor of a metric for it.
const TASKS: [(&str, &str); 3] = [
    ("Binary", "binary"),
    ("Multiclass", "multiclass"),
    ("Multilabel", "multilabel"),
];

/// A method in an `impl` block.
struct Method {
    /// The type parameters with their bounds.
    bounds: BTreeMap<String, Vec<String>>,
    /// The type, and its arguments.
    of: String,
    arguments: Vec<String>,
    name: String,
}

/// The names of all, such as `Accuracy<Binary>::threshold` and `R2Score::adjusted`: methods that take `self` and return a
/// metric or wrapper, and constructors with arguments.
pub fn options() -> BTreeSet<String> {
    let source = metrics_tests::folder().join("../crates/metrics-core/src");
    let files = DOMAINS.iter();
    let files: Vec<String> = files
        .flat_map(|domain| rust_files(&source.join(domain)))
        .collect();
    let macros: Vec<_> = files.iter().flat_map(|text| simple_macros(text)).collect();
    let mut methods = Vec::new();
    let mut markers = BTreeSet::new();
    let mut aliases = Vec::new();
    let public =
        DOMAINS.map(|domain| fs::read_to_string(source.join(domain).join("mod.rs")).unwrap());
    let public = public.concat();
    for text in &files {
        // Twice, as a macro may stand for another one.
        let text = expanded(&expanded(text, &macros), &macros);
        aliases.extend(aliases_in(&text));
        markers.extend(markers_in(&text));
        let mut found = methods_in(&text);
        found.retain(|method| {
            let public = words(&public).any(|word| word == method.of);
            public && !NO_METRICS.contains(&method.of.as_str())
        });
        markers.extend(rules_without_labels(&text));
        methods.extend(found);
    }
    for folder in ["batch", "states", "classification/states"] {
        for text in rust_files(&source.join(folder)) {
            markers.extend(markers_in(&text));
        }
    }
    names(&methods, &aliases, &markers)
}

/// Every method of every type that has it.
fn names(
    methods: &[Method],
    aliases: &[(String, String, String)],
    markers: &BTreeSet<(String, String)>,
) -> BTreeSet<String> {
    let has = |of: &str, bounds: &[String]| {
        let mut bounds = bounds.iter();
        bounds.all(|bound| markers.contains(&(bound.clone(), of.to_string())))
    };
    let tasks = |of: &str| -> Vec<&str> {
        let family = aliases.iter().find(|(alias, ..)| alias == of);
        let family = family.map_or(of, |(_, family, _)| family.as_str());
        let made = |task: &str, constructor: &str| {
            methods.iter().any(|method| {
                method.of == family
                    && method.name == constructor
                    && method.arguments.iter().any(|argument| argument == task)
            })
        };
        let made = TASKS
            .iter()
            .filter(|(task, constructor)| made(task, constructor));
        made.map(|(task, _)| *task).collect()
    };
    let rule_of = |of: &str| aliases.iter().find(|(alias, ..)| alias == of);
    let without_labels = |of: &str| {
        rule_of(of).is_some_and(|(_, _, rule)| markers.contains(&(NO_LABELS.into(), rule.clone())))
    };
    let mut names = BTreeSet::new();
    for method in methods {
        let bounds = |parameter: &str| method.bounds.get(parameter).map(Vec::as_slice);
        let fits = |rule: &str| match method.arguments.first() {
            Some(first) => match bounds(first) {
                // The trait of the rules themselves has no marker.
                Some(bounds) => bounds
                    .iter()
                    .all(|bound| bound.ends_with("Rule") || has(rule, std::slice::from_ref(bound))),
                None => first == rule,
            },
            None => true,
        };
        let mut types: Vec<&str> = aliases
            .iter()
            .filter(|(_, family, rule)| *family == method.of && fits(rule))
            .map(|(alias, ..)| alias.as_str())
            .collect();
        if types.is_empty() {
            types.push(&method.of);
        }
        for of in types {
            let all = tasks(of);
            let task = method.arguments.last();
            let own: Vec<&str> = match task.and_then(|task| bounds(task)) {
                Some(bounds) => all.into_iter().filter(|task| has(task, bounds)).collect(),
                None => {
                    let own = |one: &&str| task.is_some_and(|task| task == one);
                    all.into_iter().filter(own).collect()
                }
            };
            let name = &method.name;
            if own.is_empty() {
                names.insert(format!("{of}::{name}"));
            }
            let none = |task: &str| task == "Multilabel" && without_labels(of);
            let own = own.iter().filter(|task| !none(task));
            names.extend(own.map(|task| format!("{of}<{task}>::{name}")));
        }
    }
    // A constructor without arguments has no option.
    names.retain(|name| !name.ends_with("::binary"));
    names
}

fn rust_files(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let end = text.find("#[cfg(test)]").unwrap_or(text.len());
            let code = text[..end]
                .lines()
                .map(|line| line.split("//").next().unwrap());
            texts.push(code.collect::<Vec<_>>().join("\n"));
        }
    }
    texts
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// The text from an opening bracket to the one that closes it, without either.
fn inside(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..at];
        }
    }
    panic!("an open bracket: {text:.60}");
}

/// Splits at a comma or plus sign outside of all brackets.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        before = c;
        if depth == 0 && c == at {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts = parts.iter().map(|part| part.trim().to_string());
    parts.filter(|part| !part.is_empty()).collect()
}

/// An arm of a macro: its name, its parameters, and what it stands for.
type Arm = (String, Vec<String>, String);

/// The macros that have methods or markers.
///
/// # Panics
/// If one has options and repeats something, which this does not read.
fn simple_macros(text: &str) -> Vec<Arm> {
    let mut arms = Vec::new();
    for (at, _) in text.match_indices("macro_rules! ") {
        let rest = &text[at + "macro_rules! ".len()..];
        let name = words(rest).next().unwrap();
        let mut body = inside(&rest[rest.find('{').unwrap()..]);
        while let Some(open) = body.find('(') {
            let pattern = inside(&body[open..]);
            let after = &body[open + pattern.len() + 2..];
            let start = after.find('{').unwrap();
            let code = inside(&after[start..]);
            body = &after[start + code.len() + 2..];
            if pattern.contains("$(") {
                assert!(
                    !code.contains("mut self"),
                    "{name}! has options, and repeats"
                );
            } else {
                arms.push((name.to_string(), split(pattern, ','), code.to_string()));
            }
        }
    }
    arms
}

/// The text with what macros stand for in place of them.
fn expanded(text: &str, arms: &[Arm]) -> String {
    let mut text = text.to_string();
    // The macros themselves have no method of a type.
    while let Some(at) = text.find("macro_rules! ") {
        let open = at + text[at..].find('{').unwrap();
        let end = open + inside(&text[open..]).len() + 2;
        text.replace_range(at..end, "");
    }
    for (name, parameters, code) in arms {
        let call = format!("{name}!(");
        let mut from = 0;
        while let Some(at) = text[from..].find(&call).map(|at| from + at) {
            let open = at + call.len() - 1;
            let given = inside(&text[open..]).to_string();
            let mut given = split(&given, ',');
            // A closure has commas of its own, and comes last.
            if given.len() > parameters.len() && parameters.len() > 1 {
                let rest = given.split_off(parameters.len() - 1);
                given.push(rest.join(", "));
            }
            from = open;
            let fits = |(parameter, given): (&String, &String)| {
                parameter.starts_with('$') || parameter == given
            };
            if given.len() != parameters.len() || !parameters.iter().zip(&given).all(fits) {
                continue;
            }
            let mut code = code.clone();
            for (parameter, given) in parameters.iter().zip(&given) {
                code = code.replace(parameter.split(':').next().unwrap(), given);
            }
            let end = open + inside(&text[open..]).len() + 2;
            text.replace_range(at..end, &code);
            from = at;
        }
    }
    text
}

/// Of `pub type A<B> = Family<Rule, B>;` the alias, the family and the rule.
fn aliases_in(text: &str) -> Vec<(String, String, String)> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub type "));
    lines
        .filter_map(|line| {
            let (alias, of) = line.split_once(" = ")?;
            let (family, arguments) = of.trim_end_matches(';').split_once('<')?;
            let rule = split(arguments.trim_end_matches('>'), ',').swap_remove(0);
            let alias = words(alias).next()?.to_string();
            Some((
                alias,
                family.to_string(),
                rule.split('<').next()?.to_string(),
            ))
        })
        .collect()
}

/// Of `impl Marker for Type` both.
fn markers_in(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for header in headers(text) {
        let after = after_generics(header.trim_start_matches("impl"));
        if let Some((marker, of)) = after.split_once(" for ") {
            let last = |path: &str| {
                let path = path.split('<').next().unwrap();
                path.rsplit("::").next().unwrap().trim().to_string()
            };
            found.push((last(marker), last(of)));
        }
    }
    found
}

/// The rules that say so.
fn rules_without_labels(text: &str) -> Vec<(String, String)> {
    let all = markers_in(text);
    let says = |(marker, of): &&(String, String)| {
        let block = text.find(&format!("impl {marker} for {of} {{"));
        block.is_some_and(|at| {
            let open = at + text[at..].find('{').unwrap();
            inside(&text[open..]).contains("const MULTILABEL: bool = false")
        })
    };
    let rules = all.iter().filter(says);
    rules
        .map(|(_, of)| (NO_LABELS.to_string(), of.clone()))
        .collect()
}

/// All that stands between an `impl` and its brace.
fn headers(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("impl");
    let starts = starts.filter(|(at, _)| {
        let before = text[..*at].rfind('\n').map_or(0, |at| at + 1);
        let after = text[at + 4..].chars().next();
        text[before..*at].trim().is_empty() && matches!(after, Some(' ' | '<'))
    });
    starts.map(|(at, _)| {
        let end = text[at..].find('{').unwrap();
        &text[at..at + end]
    })
}

/// The rest behind a list of type parameters.
fn after_generics(text: &str) -> &str {
    let Some(list) = text.strip_prefix('<') else {
        return text.trim();
    };
    let (mut depth, mut before) = (1, ' ');
    for (at, c) in list.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        before = c;
        if depth == 0 {
            return list[at + 1..].trim();
        }
    }
    panic!("an open list: {text:.60}");
}

/// The builder methods and constructors with arguments of all `impl` blocks without a trait.
fn methods_in(text: &str) -> Vec<Method> {
    let mut methods = Vec::new();
    for header in headers(text) {
        let start = header.as_ptr() as usize - text.as_ptr() as usize + header.len();
        let generics = header.trim_start_matches("impl");
        let of = after_generics(generics);
        if of.contains(" for ") {
            continue;
        }
        let list = generics[..generics.find(of).unwrap()].trim();
        let list = list
            .strip_prefix('<')
            .and_then(|list| list.strip_suffix('>'));
        let of = of
            .split(" where")
            .next()
            .unwrap()
            .split("\nwhere")
            .next()
            .unwrap()
            .trim();
        let (name, arguments) = of.split_once('<').unwrap_or((of, ""));
        let last = |path: &String| path.rsplit("::").next().unwrap().to_string();
        let arguments = split(arguments.strip_suffix('>').unwrap_or(arguments), ',');
        let bounds = split(list.unwrap_or(""), ',').into_iter().map(|parameter| {
            let (name, bounds) = parameter.split_once(':').unwrap_or((&parameter, ""));
            let bounds = split(bounds, '+').into_iter();
            let bounds = bounds.map(|bound| bound.split('<').next().unwrap().to_string());
            (name.trim().to_string(), bounds.collect())
        });
        let bounds: BTreeMap<_, Vec<String>> = bounds.collect();
        let body = inside(&text[start..]);
        for (at, _) in body.match_indices("pub fn ") {
            let signature = &body[at + "pub fn ".len()..];
            let signature = &signature[..signature.find('{').unwrap()];
            let (method, rest) = signature.split_at(signature.find(['(', '<']).unwrap());
            let taken = &rest[rest.find('(').unwrap()..];
            let taken = inside(taken).trim();
            let returned = signature.rsplit("-> ").next().unwrap();
            let takes_self =
                matches!(words(taken).next(), Some("self" | "mut")) && !taken.starts_with('&');
            let other = returned.contains('<') && !returned.starts_with("Result");
            let builds = takes_self && (returned.contains("Self") || other);
            let constructs =
                !taken.contains("self") && !taken.is_empty() && returned.contains("Self");
            if builds || constructs || TASKS.iter().any(|(_, constructor)| *constructor == method) {
                methods.push(Method {
                    bounds: bounds.clone(),
                    of: name.to_string(),
                    arguments: arguments.iter().map(last).collect(),
                    name: method.to_string(),
                });
            }
        }
    }
    methods
}
