//! Who sends what to whom, as a picture: for mermaid, and as an SVG of its own.

use std::fmt::Write as _;

/// Parties in columns from left to right, and the ways between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagram {
    /// The columns, each with its heading.
    pub columns: Vec<(String, Vec<Party>)>,
    /// The ways.
    pub ways: Vec<Way>,
}

/// Somebody that has data.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    /// Unique in the diagram.
    pub id: String,
    /// Its name, and a second line of what is known of it.
    pub name: String,
    /// The second line.
    pub detail: String,
    /// Whether nothing got there.
    pub is_denied: bool,
}

/// Data that goes from one to another, or was kept from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// The party it comes from.
    pub from: String,
    /// The party it goes to, or would have gone to.
    pub to: String,
    /// How much, in words.
    pub words: String,
    /// Whether it was kept from going.
    pub is_denied: bool,
}

/// Width of a box, and the space between two columns, in pixels.
const BOX: usize = 250;
const BETWEEN: usize = 150;
/// Height of a box, and the space between two.
const HEIGHT: usize = 52;
const SPACE: usize = 22;
/// Around everything, and above the first row.
const MARGIN: usize = 20;
const TOP: usize = 56;
/// Height of a line below it.
const LINE: usize = 18;

impl Diagram {
    /// Writes it in mermaid's language, a flowchart from left to right.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (at, (title, parties)) in self.columns.iter().enumerate() {
            let _ = writeln!(text, "  subgraph c{at}[\"{}\"]", quoted(title));
            for party in parties {
                let class = if party.is_denied { ":::denied" } else { "" };
                let words = format!("{}<br/>{}", quoted(&party.name), quoted(&party.detail));
                let _ = writeln!(text, "    {}[\"{words}\"]{class}", self.key(&party.id));
            }
            text.push_str("  end\n");
        }
        for Way { from, to, words, is_denied } in &self.ways {
            let (line, end) = if *is_denied { ("-.", ".-x") } else { ("--", "-->") };
            let _ = writeln!(text, "  {} {line} \"{}\" {end} {}", self.key(from), quoted(words), self.key(to));
        }
        text.push_str("  classDef denied stroke-dasharray: 4 4\n");
        text
    }

    /// Draws it as an SVG that needs nothing beside itself, with lines of words below.
    pub(super) fn svg(&self, below: &[String]) -> String {
        let rows = self.columns.iter().map(|(_, parties)| parties.len()).max().unwrap_or(0).max(1);
        let width = 2 * MARGIN + self.columns.len() * (BOX + BETWEEN) - BETWEEN.min(self.columns.len() * BETWEEN);
        let bottom = TOP + rows * (HEIGHT + SPACE) + MARGIN;
        let height = bottom + below.len() * LINE;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#333\"/></marker></defs>\n"
        );
        for way in &self.ways {
            text.push_str(&self.arrow(way));
        }
        for (column, (title, parties)) in self.columns.iter().enumerate() {
            let x = left(column);
            let _ = writeln!(text, "<text x=\"{x}\" y=\"34\" font-weight=\"bold\">{}</text>", escaped(title));
            for (row, party) in parties.iter().enumerate() {
                text.push_str(&drawn(party, x, top(row)));
            }
        }
        for (at, line) in below.iter().enumerate() {
            let y = bottom + at * LINE;
            let _ = writeln!(
                text,
                "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"11\" fill=\"#555\">{}</text>",
                escaped(line)
            );
        }
        text.push_str("</svg>\n");
        text
    }

    fn arrow(&self, way: &Way) -> String {
        let (Some(from), Some(to)) = (self.place(&way.from), self.place(&way.to)) else { return String::new() };
        let (x1, y1) = (left(from.0) + BOX, top(from.1) + HEIGHT / 2);
        let (x2, y2) = (left(to.0), top(to.1) + HEIGHT / 2);
        let style = if way.is_denied {
            "stroke=\"#b00\" stroke-dasharray=\"5 4\""
        } else {
            "stroke=\"#333\" marker-end=\"url(#end)\""
        };
        // The words stand at the end of the way, where no two ways cross.
        let words = escaped(&way.words);
        format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {style}/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"11\" fill=\"{}\">{words}</text>\n",
            x2 - 10,
            y2 - 5,
            if way.is_denied { "#b00" } else { "#333" },
        )
    }

    /// Column and row of a party.
    fn place(&self, id: &str) -> Option<(usize, usize)> {
        self.columns
            .iter()
            .enumerate()
            .find_map(|(column, (_, parties))| parties.iter().position(|party| party.id == id).map(|row| (column, row)))
    }

    /// A name of letters and digits for a party: what hosts are called would be read as language.
    fn key(&self, id: &str) -> String {
        self.place(id).map_or_else(|| "nobody".to_owned(), |(column, row)| format!("n{column}x{row}"))
    }
}

fn left(column: usize) -> usize {
    MARGIN + column * (BOX + BETWEEN)
}

fn top(row: usize) -> usize {
    TOP + row * (HEIGHT + SPACE)
}

fn drawn(party: &Party, x: usize, y: usize) -> String {
    let (fill, dash) = if party.is_denied { ("#fff0f0", " stroke-dasharray=\"5 4\"") } else { ("#f2f7ff", "") };
    let (name, detail) = (escaped(&short(&party.name, 34)), escaped(&short(&party.detail, 40)));
    format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{HEIGHT}\" rx=\"6\" fill=\"{fill}\" stroke=\"#333\"{dash}/>\n\
         <text x=\"{0}\" y=\"{1}\">{name}</text>\n<text x=\"{0}\" y=\"{2}\" font-size=\"11\" fill=\"#555\">{detail}</text>\n",
        x + 10,
        y + 22,
        y + 40,
    )
}

/// Keeps words within their box.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// What mermaid reads as words within quotes.
fn quoted(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '#' => safe.push_str("#35;"),
            '`' => safe.push('\''),
            character if character.is_control() => safe.push(' '),
            character => safe.push(character),
        }
    }
    safe
}

fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str, is_denied: bool) -> Party {
        Party { id: id.to_owned(), name: id.to_owned(), detail: "<of> \"it\"".to_owned(), is_denied }
    }

    fn diagram() -> Diagram {
        Diagram {
            columns: vec![
                ("This machine".to_owned(), vec![party("agent", false)]),
                ("Outside".to_owned(), vec![party("api.eu.mistral.ai", false), party("api.anthropic.com", true)]),
            ],
            ways: vec![
                Way {
                    from: "agent".into(),
                    to: "api.eu.mistral.ai".into(),
                    words: "3 requests".into(),
                    is_denied: false,
                },
                Way { from: "agent".into(), to: "api.anthropic.com".into(), words: "2 kept".into(), is_denied: true },
            ],
        }
    }

    #[test]
    fn mermaid_gets_keys_for_names_and_words_in_quotes() {
        insta::assert_snapshot!(diagram().mermaid(), @r#"
        flowchart LR
          subgraph c0["This machine"]
            n0x0["agent<br/>#lt;of#gt; #quot;it#quot;"]
          end
          subgraph c1["Outside"]
            n1x0["api.eu.mistral.ai<br/>#lt;of#gt; #quot;it#quot;"]
            n1x1["api.anthropic.com<br/>#lt;of#gt; #quot;it#quot;"]:::denied
          end
          n0x0 -- "3 requests" --> n1x0
          n0x0 -. "2 kept" .-x n1x1
          classDef denied stroke-dasharray: 4 4
        "#);
    }

    #[test]
    fn an_svg_is_whole_and_holds_no_markup_of_others() {
        let svg = diagram().svg(&["<made> today".to_owned()]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("api.anthropic.com") && svg.contains("&lt;of&gt; &quot;it&quot;"), "{svg}");
        assert!(svg.contains(">&lt;made&gt; today</text>"), "{svg}");
        assert_eq!((svg.matches("<line ").count(), svg.matches("<rect x=").count()), (2, 3));
        let tags = |start: &str| svg.matches(start).count();
        assert_eq!((tags("<text "), tags("<script")), (tags("</text>"), 0));
    }

    #[test]
    fn an_empty_diagram_is_drawn_too() {
        let empty = Diagram::default();
        assert!(empty.svg(&[]).ends_with("</svg>\n"));
        assert!(empty.mermaid().starts_with("flowchart LR\n"));
    }
}
