//! What is told apart, and what is not.

/// Elements numbered from 0, in classes: two are in one class as long as no set
/// that the partition was split by holds one and not the other.
pub(super) struct Partition {
    class_of: Vec<u32>,
    /// Members of each class.
    sizes: Vec<u32>,
    /// Members that the set being split by has in each class.
    hits: Vec<u32>,
    /// Where those members go.
    targets: Vec<u32>,
}

impl Partition {
    /// `count` elements, all in one class.
    pub(super) fn whole(count: usize) -> Partition {
        let count = u32::try_from(count).expect("fewer elements than 32 bits count");
        Partition {
            class_of: vec![0; count as usize],
            sizes: vec![count],
            hits: vec![0],
            targets: vec![0],
        }
    }

    /// Tells the members of a set from what is not in it. Each is named once.
    pub(super) fn split(&mut self, members: impl Iterator<Item = u32> + Clone) {
        let mut touched = Vec::new();
        for member in members.clone() {
            let class = self.class_of[member as usize];
            if self.hits[class as usize] == 0 {
                touched.push(class);
            }
            self.hits[class as usize] += 1;
        }
        for class in touched {
            let hits = std::mem::take(&mut self.hits[class as usize]);
            self.targets[class as usize] = if hits == self.sizes[class as usize] {
                class
            } else {
                self.sizes[class as usize] -= hits;
                self.add_class(hits)
            };
        }
        for member in members {
            let class = &mut self.class_of[member as usize];
            *class = self.targets[*class as usize];
        }
    }

    fn add_class(&mut self, size: u32) -> u32 {
        let class = u32::try_from(self.sizes.len()).expect("no more classes than elements");
        self.sizes.push(size);
        self.hits.push(0);
        self.targets.push(class);
        class
    }

    /// The class of each element, numbered from 0 in the order in which they are
    /// met, and how many there are.
    pub(super) fn into_classes(self) -> (Vec<u32>, u32) {
        let mut numbers = vec![None; self.sizes.len()];
        let mut count = 0;
        let mut classes = self.class_of;
        for class in &mut classes {
            *class = *numbers[*class as usize].get_or_insert_with(|| {
                count += 1;
                count - 1
            });
        }
        (classes, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_what_no_set_tells_apart() {
        // Every choice of two sets over four elements.
        for (a, b) in (0..16u32).flat_map(|a| (0..16u32).map(move |b| (a, b))) {
            let mut partition = Partition::whole(4);
            for set in [a, b] {
                partition.split((0..4).filter(move |element| set >> element & 1 == 1));
            }
            let (classes, count) = partition.into_classes();
            let signature = |element: usize| (a >> element & 1, b >> element & 1);
            for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
                assert_eq!(
                    classes[x] == classes[y],
                    signature(x) == signature(y),
                    "{x} and {y} by {a:04b} and {b:04b}"
                );
            }
            assert_eq!(classes.iter().max(), Some(&(count - 1)));
            assert_eq!(classes[0], 0, "numbered as met");
        }
    }
}
