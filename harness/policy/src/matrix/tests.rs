mod answers;
mod cells;
mod explains;
mod formats;
mod given;
mod plans;
mod portsets;
mod rowsets;
