//! Kernels. Their compilers may take floats for real numbers, and tensor operations that Fusion puts into one kernel
//! lose what they compensate.

use crate::ops::cube::{
    CUBE, UNITS, elem, empty, floats, one_each, same_length,
    sums::{Sum, add_at, hand_over, over_cube},
    writable,
};
use burn::tensor::DType;
use burn_cubecl::{kernel::into_contiguous, ops::numeric::zeros_client, tensor::CubeTensor};
use cubecl::{CubeCount, CubeDim, ir::ElemType, prelude::*};

/// The kernels on tensors.
pub(super) mod on_tensors {
    use crate::ops::kernels::Kernels;
    use burn::{backend::Dispatch, tensor::Tensor};

    pub fn add_compensated(state: Tensor<1>, x: Tensor<1>) -> Tensor<1> {
        let (state, x) = (state.into_dispatch(), x.into_dispatch());
        Tensor::from_dispatch(Dispatch::add_compensated(state, x))
    }

    pub fn sum_compensated(x: Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(Dispatch::sum_compensated(x.into_dispatch()))
    }
}

/// Elements that a unit adds up by itself before more cubes are used.
const PER_UNIT: usize = 16;

/// The grid of a kernel that sums the columns of `[rows, columns]`: units lie along the columns as far
/// as there are any, so that neighbours read neighbours.
struct Grid {
    pub dim: CubeDim,
    pub count: CubeCount,
    /// Cubes along the rows, at most [`UNITS`]: partial sums of each column.
    pub parts: usize,
}

impl Grid {
    pub fn new(rows: usize, columns: usize) -> Self {
        let width = columns.next_power_of_two().min(32);
        let height = UNITS as usize / width;
        let parts = rows.div_ceil(height * PER_UNIT).clamp(1, UNITS as usize);
        Self {
            dim: CubeDim::new_2d(width as u32, height as u32),
            count: CubeCount::new_2d(parts as u32, columns.div_ceil(width) as u32),
            parts,
        }
    }
}

/// Memory for the partial sums of `parts` cubes, and the kernel that adds them to the state.
pub(in crate::ops) struct Partials {
    pub memory: CubeTensor,
    parts: usize,
    places: usize,
}

impl Partials {
    pub fn new(state: &CubeTensor, parts: usize, places: usize) -> Self {
        let size = if parts > 1 { 2 * parts * places } else { 1 };
        Self {
            memory: empty(state, [size], DType::F32),
            parts,
            places,
        }
    }

    pub fn fold(self, state: &CubeTensor) {
        if self.parts == 1 {
            return;
        }
        let grid = Grid::new(1, self.places);
        // SAFETY: the partials hold `parts` sums of `places`, and the state `places`.
        unsafe {
            fold::launch_unchecked(
                &state.client,
                grid.count,
                grid.dim,
                state.clone().into_tensor_arg(),
                self.memory.into_tensor_arg(),
                self.parts as u32,
            );
        }
    }
}

/// See [`ops::sum_compensated`](crate::ops::sum_compensated).
pub(in crate::ops) fn sum_compensated(x: CubeTensor) -> CubeTensor {
    let x = into_contiguous(x);
    let [n, columns] = x.meta.shape().dims();
    let (client, device) = (x.client.clone(), x.device.clone());
    let sums = zeros_client(client, device, [2 * columns].into(), DType::F32);
    let grid = Grid::new(n, columns);
    let partials = Partials::new(&sums, grid.parts, columns);
    let dtype = elem(&x);
    // SAFETY: rows are below `n`, columns below `columns`, and the sums are one for each column.
    unsafe {
        sum_columns::launch_unchecked(
            &sums.client,
            grid.count,
            grid.dim,
            sums.clone().into_tensor_arg(),
            partials.memory.clone().into_tensor_arg(),
            x.into_tensor_arg(),
            dtype,
        );
    }
    partials.fold(&sums);
    sums
}

/// See [`ops::add_compensated`](crate::ops::add_compensated).
pub(in crate::ops) fn add_compensated(state: CubeTensor, x: CubeTensor) -> CubeTensor {
    let (state, x) = (writable(state), floats(x));
    let places = state.meta.num_elements() / 2;
    let twice = x.meta.num_elements() > places;
    same_length(if twice { 2 * places } else { places }, &[&x]);
    // SAFETY: places are below half the length of the state.
    unsafe {
        add_to_state::launch_unchecked(
            &state.client,
            one_each(state.meta.num_elements() / 2),
            CUBE,
            state.clone().into_tensor_arg(),
            x.into_tensor_arg(),
        );
    }
    state
}

/// Where a unit's column and first row are, and how far it is to its next row.
#[derive(CubeType)]
struct Walk {
    column: usize,
    inside: bool,
    row: usize,
    step: usize,
}

#[cube]
fn walk(columns: usize) -> Walk {
    let column = (CUBE_POS_Y * CUBE_DIM_X + UNIT_POS_X) as usize;
    Walk {
        column: min(column, columns - 1),
        inside: column < columns,
        row: (CUBE_POS_X * CUBE_DIM_Y + UNIT_POS_Y) as usize,
        step: (CUBE_COUNT_X * CUBE_DIM_Y) as usize,
    }
}

#[cube(launch_unchecked)]
fn sum_columns<F: Float>(
    state: &mut Tensor<f32>,
    partials: &mut Tensor<f32>,
    x: &Tensor<F>,
    #[define(F)] _dtype: ElemType,
) {
    let rows = x.shape(0);
    let columns = x.shape(1);
    let mut walk = walk(columns);
    let mut sum = Sum::zero();
    while walk.row < rows {
        let value = f32::cast_from(x[walk.row * columns + walk.column]);
        sum.add_number(value);
        walk.row += walk.step;
    }
    over_cube(&mut sum);
    if UNIT_POS_Y == 0 && walk.inside {
        hand_over(state, partials, sum.high, sum.low, walk.column, columns);
    }
}

/// Adds the partial sums `[parts, 2 * places]` to the state.
#[cube(launch_unchecked)]
fn fold(state: &mut Tensor<f32>, partials: &Tensor<f32>, parts: u32) {
    let places = state.len() / 2;
    let mut walk = walk(places);
    let mut sum = Sum::zero();
    while walk.row < parts as usize {
        let from = walk.row * 2 * places;
        sum.add(
            partials[from + walk.column],
            partials[from + places + walk.column],
        );
        walk.row += walk.step;
    }
    over_cube(&mut sum);
    if UNIT_POS_Y == 0 && walk.inside {
        add_at(state, walk.column, places, sum.high, sum.low);
    }
}

/// Adds numbers or sums to a state.
#[cube(launch_unchecked)]
fn add_to_state(state: &mut Tensor<f32>, x: &Tensor<f32>) {
    let places = state.len() / 2;
    let place = ABSOLUTE_POS;
    if place < places {
        let mut low = 0.0f32;
        if x.len() > places {
            low = x[places + place];
        }
        add_at(state, place, places, x[place], low);
    }
}
